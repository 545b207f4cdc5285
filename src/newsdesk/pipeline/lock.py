"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from newsdesk import atomic
from newsdesk.errors import BusyError
from newsdesk.private_files import keep_private

_DRAFTED = ("articles", "bundles", "datasets", "plans", "plans/*")  # where folders are made as drafts


@contextmanager
def only_writer(home: Path, patience: float = 0) -> Iterator[None]:
    """Hold the right to change what is under `home`. Raises `BusyError` where another process holds it for longer than
    `patience` seconds."""
    keep_private(home)
    try:
        with FileLock(home / ".lock", timeout=patience):
            for folder in (home, *(home / name for name in _DRAFTED)):
                atomic.clear_drafts(folder)
            yield
    except Timeout as error:
        raise BusyError(
            f"Another newsdesk command is changing {home}. Wait for it, or set NEWSDESK_HOME to another folder."
        ) from error
