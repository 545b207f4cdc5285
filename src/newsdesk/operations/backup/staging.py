"""Stage files beside those that they replace, then swap them in."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from newsdesk.operations.backup.entries import BackupEntry

DRAFT = ".restore"  # how the names of hidden folders begin


class StagedEntry:
    """New content of an entry, in a hidden folder inside the entry's folder: so it is on the same disk, even where that
    folder is a volume that cannot be renamed."""

    def __init__(self, entry: BackupEntry) -> None:
        self.entry = entry
        self._root = entry.folder / f"{DRAFT}-{entry.name}"

    @property
    def folder(self) -> Path:
        return self._root / "new"

    def is_occupied(self) -> bool:
        """Whether there is anything to be replaced."""
        return next(self.entry.files(), None) is not None

    def put_in_place(self) -> None:
        """Rename each top-level file or folder into place; the old content is removed."""
        old = self._root / "old"
        old.mkdir(parents=True, exist_ok=True)
        for path in self._current_files():
            path.rename(old / path.name)
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            path.rename(self.entry.folder / path.name)
        self.clear()

    def clear(self) -> None:
        """Remove the staged content."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _current_files(self) -> list[Path]:
        entry = self.entry
        if entry.patterns:
            return list(entry.files())
        return [
            path for path in entry.folder.iterdir() if not path.name.startswith(".") and path.name not in entry.excluded
        ]


@contextmanager
def staged_entries(entries: Sequence[BackupEntry], dumps: Path) -> Iterator[list[StagedEntry]]:
    """Empty staging folders for these entries, and no folder for dumps. Afterwards nothing is left of either."""
    staged = [StagedEntry(entry) for entry in entries]
    try:
        for draft in staged:
            draft.clear()
        shutil.rmtree(dumps, ignore_errors=True)
        yield staged
    finally:
        for draft in staged:
            draft.clear()
            with suppress(OSError):
                draft.entry.folder.rmdir()  # where it was made for this and stayed empty
        shutil.rmtree(dumps, ignore_errors=True)
