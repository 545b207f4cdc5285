"""Check disk, memory and processors."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from newsdesk.operations.doctor.finding import Finding, fine, problem, warning

_MB = 1_000_000
_LITTLE_DISK, _NO_DISK = 5_000 * _MB, 500 * _MB
_WORKER = 250 * _MB  # that a server process may take, with a large model


def check_disk(*folders: Path) -> Iterator[Finding]:
    """Room for what is written, on each disk once."""
    devices: set[int] = set()
    for folder in folders:
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if existing.stat().st_dev in devices:
            continue
        devices.add(existing.stat().st_dev)
        yield room(folder, shutil.disk_usage(existing).free)


def room(folder: Path, free: int) -> Finding:
    """Whether so many free bytes are enough."""
    fix = "Make room: newsdesk prune, or a larger disk. Predictions go on without it, feedback is refused."
    if free < _NO_DISK:
        return problem("disk", f"The disk of {folder} has {free / _MB:,.0f} MB left.", fix)
    if free < _LITTLE_DISK:
        return warning("disk", f"The disk of {folder} has {free / _MB:,.0f} MB left.", fix)
    return fine("disk", f"The disk of {folder} has {free / 1e9:,.0f} GB left.")


def check_memory(workers: int, available: int | None) -> Iterator[Finding]:
    """Room for the processes of the server; `available` in bytes, None where it cannot be known."""
    if available is None:
        return
    if available < _WORKER * workers:
        yield warning(
            "memory",
            f"{available / _MB:,.0f} MB of memory are available, and {workers} processes may take "
            f"{_WORKER * workers / _MB:,.0f} MB.",
            "Lower API_WORKERS or MODEL_CACHE_SIZE, or give the machine or the container more memory.",
        )
    else:
        yield fine("memory", f"{available / 1e9:,.1f} GB of memory are available.")


def check_processors(workers: int, processors: int) -> Iterator[Finding]:
    """No more processes than processors."""
    if workers > processors:
        yield warning(
            "performance",
            f"API_WORKERS is {workers}, and this machine has {processors} processors.",
            f"Set API_WORKERS to {processors}: more only wait for each other.",
        )


def available_processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def available_memory() -> int | None:
    """Bytes that the machine has to give, or that the container may still take if that is less."""
    free = _read_available(Path("/proc/meminfo"))
    limit, used = _read_number(Path("/sys/fs/cgroup/memory.max")), _read_number(Path("/sys/fs/cgroup/memory.current"))
    return free if limit is None or used is None else min(limit - used, free if free is not None else limit)


def _read_available(file: Path) -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in file.read_text(encoding="ascii").splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None


def _read_number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max": there is no limit
        return None
