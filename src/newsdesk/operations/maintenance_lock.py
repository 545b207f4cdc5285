"""A lock for maintenance: only one of backup, restore and prune runs at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from newsdesk.errors import NewsdeskError
from newsdesk.private_files import keep_private

LOCK = ".maintenance.lock"


class MaintenanceError(NewsdeskError):
    """Backup, restore or prune cannot do what it was asked."""

    code = "maintenance"


class OverlapError(MaintenanceError):
    """Another backup, restore or prune is running."""

    may_pass = True


@contextmanager
def only_maintenance(home: Path) -> Iterator[None]:
    """Hold the right to back up, restore or prune `home`. Raises `OverlapError` where another process holds it."""
    keep_private(home)
    try:
        with FileLock(home / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise OverlapError(
            f"Another backup, restore or prune of {home} is running. Wait until it has ended, then run this again."
        ) from error
