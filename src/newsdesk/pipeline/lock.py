"""One writer at a time, and one who moves aliases: whoever goes back must not wait until a training has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from newsdesk import atomic
from newsdesk.errors import BusyError
from newsdesk.private_files import keep_private

PATIENCE = 60.0  # seconds that a step waits for another command to finish
_DRAFTED = ("articles", "bundles", "datasets", "plans", "plans/*")  # where folders are made as drafts


@contextmanager
def only_writer(home: Path, patience: float = 0) -> Iterator[None]:
    """Hold the right to change what is under `home`. Raises `BusyError` where another process holds it for longer than
    `patience` seconds."""
    busy = f"Another newsdesk command is changing {home}. Wait for it, or set NEWSDESK_HOME to another folder."
    with _held(home, ".lock", patience, busy):
        for folder in (home, *(home / name for name in _DRAFTED)):
            atomic.clear_drafts(folder)
        yield


@contextmanager
def only_promoter(home: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the right to say which model is in charge of `home`, which takes seconds. Whoever also is `only_writer` was
    that before. Raises `BusyError` where another process holds it for longer than `patience` seconds."""
    busy = f"Another command is putting a model of {home} in charge, or looks after its files. Try again."
    with _held(home, ".promotion.lock", patience, busy):
        yield


@contextmanager
def _held(home: Path, name: str, patience: float, busy: str) -> Iterator[None]:
    keep_private(home)
    lock = FileLock(home / name, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(busy) from error
    try:
        yield
    finally:
        lock.release()
