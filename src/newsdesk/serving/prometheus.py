"""The text that Prometheus reads, for one server process or for all of them together."""

import os
import re
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the environment variable by which prometheus_client knows of it


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """The metrics and their content type; of all processes where several share a folder for them."""
    folder = os.environ.get(SHARED_FOLDER)
    if folder is None:
        return generate_latest(registry), CONTENT_TYPE_LATEST
    _forget_the_dead(Path(folder))
    together = CollectorRegistry()
    MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(together), CONTENT_TYPE_LATEST


def _forget_the_dead(folder: Path) -> None:
    """A worker that was killed takes its gauges with it; what it counted stays."""
    for file in folder.glob("gauge_live*.db"):
        if (number := re.search(r"_(\d+)\.db$", file.name)) and not Path(f"/proc/{number[1]}").exists():
            mark_process_dead(number[1], path=str(folder))  # type: ignore[no-untyped-call]
