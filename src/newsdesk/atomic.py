"""Atomic writes: other processes see the old content or the new, never half of it."""

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp

_DRAFT = re.compile(r"\.(?P<target>.+)-(?:[a-z0-9_]{8}(?P<old>-old)?|pruned)")  # with what tempfile puts at the end
_LONG = 3600.0  # seconds


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A draft folder to fill; when the `with` block ends well it becomes `target`, in place of one that is there.

    Of several that become the same target at once, the last one stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield draft
        for file in draft.iterdir():
            file.chmod(file.stat().st_mode & 0o700)  # its owner's alone, as the draft is
            flush(file)
        _put_in_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put_in_place(draft: Path, target: Path) -> None:
    """A folder cannot be replaced in one step: for a moment there is none, and then another process may put one."""
    old = draft.with_name(f"{draft.name}-old")
    while True:
        try:
            draft.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            with suppress(FileNotFoundError):
                target.rename(old)
            shutil.rmtree(old, ignore_errors=True)
        else:
            return


def write_text(target: Path, text: str, mode: int = 0o600) -> None:
    """Write a file, replacing one that is there in a single step. As a draft nobody but its owner may read it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=target.parent, prefix=f".{target.name}-", delete=False, encoding="utf-8") as file:
        draft = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            draft.chmod(mode)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


def clear_drafts(folder: Path, now: float | None = None) -> None:
    """Remove the drafts in a folder, or in those of a pattern, that killed processes left: what has not changed for an
    hour. Where one was killed while it replaced a folder, that is put back."""
    moment = time.time() if now is None else now
    for parent in folder.parent.glob(folder.name):
        for draft in parent.glob(".*-*"):
            match = _DRAFT.fullmatch(draft.name)
            if match is None or abs(moment - _last_change(draft)) < _LONG:
                continue
            if match["old"] and not (target := parent / match["target"]).exists():
                draft.rename(target)
            elif draft.is_dir():
                shutil.rmtree(draft, ignore_errors=True)
            else:
                draft.unlink(missing_ok=True)


def _last_change(draft: Path) -> float:
    """When, in seconds since 1970; now, where it goes away just now."""
    try:
        return max(path.stat().st_mtime for path in (draft, *draft.rglob("*")))
    except FileNotFoundError:
        return time.time()


def flush_names(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk: a new file outlives a power cut only then."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush(file: Path) -> None:
    """Make sure that the content is on the disk before its name is."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
