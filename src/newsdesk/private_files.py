"""Keep the files of Newsdesk private to its user: articles, feedback, keys, databases."""

import os
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = 0o077


def keep_private(folder: Path) -> None:
    """Make a folder that nobody else may enter, or take the right to from one that is ours; from now on, what this
    process makes is nobody else's either, unless it says so.

    A folder that belongs to somebody else, as a volume may, and one that is for all, as /tmp is, stay as they are.
    """
    os.umask(_OTHERS)
    folder.mkdir(parents=True, exist_ok=True)
    if is_open_to_others(folder):
        with suppress(OSError):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_OTHERS)


def is_open_to_others(folder: Path) -> bool:
    """Whether a folder of ours, which is not for all as /tmp is, may be entered, read or written by anybody else."""
    state = folder.stat()
    is_ours = state.st_uid == os.geteuid() and not state.st_mode & stat.S_ISVTX and folder != folder.parent
    return is_ours and bool(state.st_mode & _OTHERS)
