"""Where a worker counts: in files of its own place among the workers, which whoever replaces it goes on with.

prometheus_client names files by the process, and never takes one away. By places there are never more files than there
were workers at once, and no count of a dead worker is lost or told twice.
"""

import fcntl
import logging
import os
import shutil
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from prometheus_client import values

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the environment variable by which prometheus_client knows of it
ROOM = 1024 * 1024  # bytes: more than all series of a type need

_SLOT_VARIABLE = "NEWSDESK_WORKER_PLACE"
_PREFIX = "newsdesk-metrics-"
_SERVER_LOCK = "server"  # a file that is locked as long as the folder has a server
_MIN_AGE = 60.0  # seconds: in a younger folder a server may be about to start
# As prometheus_client names them by type and, for gauges, by multiprocess_mode.
_COUNTERS, _GAUGES = ("counter", "histogram"), ("gauge_livesum",)

logger = logging.getLogger("newsdesk.server")


def make_shared_folder() -> Path:
    """A folder for the workers of this server. Those of servers that were killed are removed; where there is no room
    for one, it is a folder that is not there, and the workers do without."""
    try:
        for orphan in Path(gettempdir()).glob(f"{_PREFIX}*"):
            _remove_orphan(orphan)
        folder = Path(mkdtemp(prefix=_PREFIX))
        _lock_file(folder / _SERVER_LOCK)
    except OSError as error:
        logger.error("There is no room for the metrics of the workers: they are not told (%s)", error.strerror or error)
        return Path(os.devnull) / "metrics"
    return folder


def take_slot(folder: Path) -> None:
    """Let this process count in `folder` from now on. Call it before any metric is made.

    The disk space is taken before prometheus_client maps the files: it makes files of holes, and a hole that finds no
    room when it is written to kills the process (SIGBUS). Answers come before figures: where there is no room, what
    this worker counts is told nowhere.
    """
    try:
        slot, file = _claim_slot(folder)
        for name in _COUNTERS:
            _allocate(folder / f"{name}_{slot}.db")
        for name in _GAUGES:  # a dead worker took along what it had in hand
            _allocate(folder / f"{name}_{slot}.db", reset=True)
        os.pwrite(file, b"%-20d" % os.getpid(), 0)
    except OSError as error:
        logger.error(
            "There is no room for the metrics of a worker in %s (%s): it answers, and what it counts is not told. "
            "Make room, and restart the server.",
            folder,
            error.strerror,
        )
        values.ValueClass = values.MutexValue
        os.environ.pop(_SLOT_VARIABLE, None)
    else:
        values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
        os.environ[_SLOT_VARIABLE] = str(slot)


def shared_folder() -> Path | None:
    """Where the processes of one server keep what they tell together; None for a single process."""
    folder = os.environ.get(SHARED_FOLDER)
    return Path(folder) if folder else None


def own_slot() -> str | None:
    """The number of this worker's place; None where it has none."""
    return os.environ.get(_SLOT_VARIABLE)


def metric_files(folder: Path) -> list[Path]:
    """What all workers have counted, and what those at work have in hand."""
    files = sorted(folder.glob("*.db"))
    return [file for file in files if not file.name.startswith(_GAUGES) or _is_running(folder, file.stem)]


def _claim_slot(folder: Path) -> tuple[int, int]:
    """The first place that nobody holds, and the file whose lock this process holds until it ends."""
    for slot in count():
        with suppress(BlockingIOError):
            return slot, _lock_file(folder / f"worker_{slot}")
    raise AssertionError


def _lock_file(path: Path) -> int:
    """Hold a file. Raises `BlockingIOError` where another process does."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def _allocate(path: Path, *, reset: bool = False) -> None:
    if path.exists():
        if reset:
            with path.open("r+b") as file:  # in its place, for there may be no room for another
                file.write(bytes(8))  # so much of it is used: nothing
        return
    draft = path.with_suffix(".new")
    try:
        draft.write_bytes(bytes(ROOM))
        draft.rename(path)  # whole at once: others read it
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _is_running(folder: Path, gauge: str) -> bool:
    try:
        pid = int((folder / f"worker_{gauge.rpartition('_')[2]}").read_bytes())
    except (OSError, ValueError):
        return False
    return Path(f"/proc/{pid}").exists()


def _remove_orphan(folder: Path) -> None:
    with suppress(OSError):
        status = folder.stat()
        is_old_enough = time.time() - status.st_mtime > _MIN_AGE
        if status.st_uid != os.getuid() or not is_old_enough or not (folder / _SERVER_LOCK).exists():
            return
        file = _lock_file(folder / _SERVER_LOCK)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(file)
