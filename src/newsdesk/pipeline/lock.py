"""Two locks: one for writing, one for moving aliases, so that a rollback need not wait until a training has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from newsdesk import atomic
from newsdesk.errors import BusyError
from newsdesk.private_files import keep_private

PATIENCE = 60.0  # seconds that a step waits for another command to finish
_DRAFT_FOLDERS = ("articles", "bundles", "datasets", "plans", "plans/*")  # where folders are made as drafts


@contextmanager
def only_writer(home: Path, patience: float = 0) -> Iterator[None]:
    """Hold the right to change what is under `home`. Raises `BusyError` where another process holds it for longer than
    `patience` seconds."""
    message = f"Another newsdesk command is changing {home}. Wait for it, or set NEWSDESK_HOME to another folder."
    with _hold(home, ".lock", patience, message):
        for folder in (home, *(home / name for name in _DRAFT_FOLDERS)):
            atomic.clear_drafts(folder)
        yield


@contextmanager
def only_promoter(home: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the right to change the champion of `home`, for some seconds. A process that needs both locks takes
    `only_writer` first. Raises `BusyError` where another process holds it for longer than `patience` seconds."""
    message = f"Another command is putting a model of {home} in charge, or looks after its files. Try again."
    with _hold(home, ".promotion.lock", patience, message):
        yield


@contextmanager
def _hold(home: Path, name: str, patience: float, message: str) -> Iterator[None]:
    keep_private(home)
    lock = FileLock(home / name, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(message) from error
    try:
        yield
    finally:
        lock.release()
