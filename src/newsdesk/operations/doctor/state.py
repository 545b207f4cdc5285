"""Check the state of `NEWSDESK_HOME`: permissions, spooled rows, unfinished work."""

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock, Timeout

from newsdesk.operations.backup.restore import UNFINISHED
from newsdesk.operations.backup.staging import DRAFT
from newsdesk.operations.doctor.finding import Finding, fine, problem, warning
from newsdesk.private_files import is_open_to_others

_LONG = timedelta(minutes=10)


def check_home(home: Path, folders: tuple[Path, ...], private: tuple[Path, ...] = ()) -> Iterator[Finding]:
    """Every folder that we write to can be written to, and nobody else can enter where articles and feedback lie.

    What lies below a folder that nobody else can enter is as safe as it is.
    """
    unwritable = [folder for folder in (home, *folders) if folder.exists() and not _is_writable(folder)]
    for folder in unwritable:
        yield problem(
            "permissions",
            f"{folder} cannot be written by this user (uid {os.getuid()}).",
            f"chown -R {os.getuid()}:{os.getgid()} {folder}, or run as its owner.",
        )
    if not unwritable:
        yield fine("permissions", f"{home} can be written.")
    outside = [folder for folder in private if not folder.is_relative_to(home)]
    for folder in (home, *outside):
        if folder.is_dir() and is_open_to_others(folder):
            yield warning(
                "permissions",
                f"Other users of this machine may look into {folder} (mode {stat.S_IMODE(folder.stat().st_mode):04o}).",
                f"chmod 700 {folder}",
            )


def check_restore(home: Path) -> Iterator[Finding]:
    """Whether a restore was begun that did not end, and what it left."""
    if (home / UNFINISHED).exists():
        yield problem("state", "A restore did not end.", "Run the same `newsdesk restore ARCHIVE` again.")
        return
    leftovers = [path for pattern in (f"{DRAFT}-*", f"*/{DRAFT}-*") for path in sorted(home.glob(pattern))]
    if leftovers:
        yield warning(
            "state",
            f"A restore is under way, or was killed before it changed anything: it left {leftovers[0]}.",
            f"If none is under way: run it again, or rm -r {' '.join(str(path) for path in leftovers)}.",
        )


def check_lock(home: Path) -> Iterator[Finding]:
    """Whether a command is at work now."""
    lock = home / ".lock"
    if not lock.exists():
        return
    try:
        with FileLock(lock, timeout=0):
            yield fine("state", "No command is at work.")
    except Timeout:
        yield warning("state", "A newsdesk command is at work here.", "Wait for it, or look at it: ps -ef.")
    except OSError:
        return  # told of by the rights


def check_spool(spool: Path, now: datetime) -> Iterator[Finding]:
    """Whether something waits for the store for long."""
    files = [path.stat() for path in spool.glob("*.jsonl")] if spool.is_dir() else []
    size = sum(state.st_size for state in files)
    if not size:
        yield fine("spool", "Nothing waits for the store.")
        return
    oldest = now - datetime.fromtimestamp(min(state.st_mtime for state in files), tz=now.tzinfo)
    if oldest > _LONG:
        yield warning(
            "spool",
            f"{size / 1e6:.1f} MB of predictions and feedback wait for the store since {oldest.seconds // 60} minutes.",
            "See that the store answers and that a server runs: it hands over what waits.",
        )
    else:
        yield fine("spool", f"{size / 1e6:.1f} MB wait for the store, not for long.")


def _is_writable(folder: Path) -> bool:
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
