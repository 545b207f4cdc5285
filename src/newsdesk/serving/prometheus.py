"""The text that Prometheus reads, for one server process or for all of them together."""

import logging
import os
import re
import time
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the environment variable by which prometheus_client knows of it

# As prometheus_client names them by type and, for gauges, by multiprocess_mode.
_FILES = ("counter", "histogram", "gauge_livesum")
ROOM = 1024 * 1024  # bytes: more than all series of a type need

logger = logging.getLogger("newsdesk.server")


def take_room(folder: Path, process: int) -> None:
    """Take the disk space for the metrics of a process before prometheus_client maps them; while there is none, wait.

    It makes files of holes, and a hole that finds no room when it is written to kills the process (SIGBUS): where the
    disk is full, a new worker must not start, and those at work must not notice.
    """
    is_told = False
    for path in (folder / f"{name}_{process}.db" for name in _FILES):
        while not _is_written(path):
            if not is_told:
                logger.error("There is no room for the metrics of a worker in %s: it waits until there is", folder)
                is_told = True
            time.sleep(1)


def _is_written(path: Path) -> bool:
    if path.exists():  # of a process of the same number before, and counted on
        return True
    draft = path.with_suffix(".new")
    try:
        draft.write_bytes(bytes(ROOM))
        draft.rename(path)  # whole at once: others read it
    except OSError:
        draft.unlink(missing_ok=True)
        return False
    return True


def shared_folder() -> Path | None:
    """Where the processes of one server keep what they tell together; None for a single process."""
    folder = os.environ.get(SHARED_FOLDER)
    return Path(folder) if folder else None


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """The metrics and their content type; of all processes where several share a folder for them."""
    folder = shared_folder()
    if folder is None:
        return generate_latest(registry), CONTENT_TYPE_LATEST
    _forget_the_dead(folder)
    together = CollectorRegistry()
    MultiProcessCollector(together, path=str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(together), CONTENT_TYPE_LATEST


def _forget_the_dead(folder: Path) -> None:
    """A worker that was killed takes its gauges with it; what it counted stays."""
    for file in folder.glob("gauge_live*.db"):
        if (number := re.search(r"_(\d+)\.db$", file.name)) and not Path(f"/proc/{number[1]}").exists():
            mark_process_dead(number[1], path=str(folder))  # type: ignore[no-untyped-call]
