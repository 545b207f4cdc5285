"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from newsdesk.errors import UsageError


@contextmanager
def only_writer(home: Path) -> Iterator[None]:
    """Hold the right to change what is under `home`. Raises `UsageError` where another process holds it."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise UsageError(
            f"Another newsdesk command is changing {home}. Wait for it, or set NEWSDESK_HOME to another folder."
        ) from error
