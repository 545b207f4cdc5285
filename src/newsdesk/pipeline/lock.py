"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from newsdesk.errors import BusyError


@contextmanager
def only_writer(home: Path, patience: float = 0) -> Iterator[None]:
    """Hold the right to change what is under `home`. Raises `BusyError` where another process holds it for longer than
    `patience` seconds."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / ".lock", timeout=patience):
            yield
    except Timeout as error:
        raise BusyError(
            f"Another newsdesk command is changing {home}. Wait for it, or set NEWSDESK_HOME to another folder."
        ) from error
