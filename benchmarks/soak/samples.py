"""What the server takes of the machine, looked at again and again, and whether that grows."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from scipy.stats import theilslopes

from benchmarks.soak.home import Place
from tests.stack.running import Server

MIB = 1024**2


@dataclass(frozen=True)
class Sample:
    """At `second` of the soak: of all processes, and of the worker that lives from the beginning; bytes, or counts."""

    second: float
    memory: int
    memory_of_oldest: int
    descriptors: int
    descriptors_of_oldest: int
    threads: int
    threads_of_oldest: int
    temporary: int
    store: int
    spool: int
    home: int  # but for store and spool


@dataclass(frozen=True)
class Trend:
    """How something went in the second half: its median, what it grew by in all by the slope of Theil and Sen, and what
    is taken for flat."""

    name: str
    unit: float
    median: float
    growth: float
    tolerance: float

    @property
    def is_flat(self) -> bool:
        return self.growth <= self.tolerance


def look(place: Place, server: Server, begun: float) -> Sample:
    workers = server.workers()
    processes = [server.process.pid, *workers]
    memory, descriptors, threads = (
        [one(process) for process in processes] for one in (_memory, _descriptors, _threads)
    )
    files = [path for path in place.home.rglob("*") if path.is_file()]
    sizes = {path: _size(path) for path in files}
    store = sum(size for path, size in sizes.items() if path.name.startswith("newsdesk.db"))
    spool = sum(size for path, size in sizes.items() if path.parent.name == "spool")
    filler = sum(size for path, size in sizes.items() if path.name == "filler")
    return Sample(
        time.monotonic() - begun,
        *(sum(memory), memory[1]),
        *(sum(descriptors), descriptors[1]),
        *(sum(threads), threads[1]),
        _used(place.temporary),
        store,
        spool,
        sum(sizes.values()) - store - spool - filler,
    )


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """Of the second half: what the first warms up does not count."""
    half = samples[len(samples) // 2 :]
    wanted = (
        ("memory of the worker that lived through it", "memory_of_oldest", MIB, 0.05, 4 * MIB),
        ("memory of all processes", "memory", MIB, 0.05, 8 * MIB),
        ("descriptors of that worker", "descriptors_of_oldest", 1, 0.05, 2),
        ("descriptors of all processes", "descriptors", 1, 0.05, 4),
        ("threads of that worker", "threads_of_oldest", 1, 0.05, 1),
        ("disk for temporary files", "temporary", MIB, 0.0, MIB),
        ("disk for the spool", "spool", MIB, 0.0, MIB),
        ("disk for all of the home but the store", "home", MIB, 0.0, MIB),
    )
    return [_trend(name, half, field, unit, share, least) for name, field, unit, share, least in wanted]


def _trend(name: str, half: Sequence[Sample], field: str, unit: float, share: float, least: float) -> Trend:
    values = [float(getattr(sample, field)) for sample in half]
    seconds = [sample.second for sample in half]
    slope = float(theilslopes(values, seconds).slope) if len(half) > 2 else 0.0
    middle = median(values)
    return Trend(name, unit, middle, slope * (seconds[-1] - seconds[0]), max(share * middle, least))


def _memory(process: int) -> int:
    """Its proportional share: what processes share counts once."""
    for line in _read(process, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _threads(process: int) -> int:
    return sum(int(line.split()[1]) for line in _read(process, "status").splitlines() if line.startswith("Threads:"))


def _descriptors(process: int) -> int:
    try:
        return len(os.listdir(f"/proc/{process}/fd"))  # noqa: PTH208 - names alone
    except OSError:
        return 0


def _read(process: int, name: str) -> str:
    try:
        return Path(f"/proc/{process}/{name}").read_text(encoding="ascii")
    except OSError:  # it ended meanwhile
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _used(folder: Path) -> int:
    """Of its file system, files without a name included."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize
