"""Lay files ready beside those that they are to replace, and put them in their place."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from newsdesk.operations.backup.entries import BackupEntry

DRAFT = ".restore"  # how the names of hidden folders begin


class StagedEntry:
    """New content of a place, in a hidden folder of the same folder: so it is on the same disk, even where the folder
    is a volume of its own that cannot be renamed."""

    def __init__(self, place: BackupEntry) -> None:
        self.place = place
        self._root = place.folder / f"{DRAFT}-{place.name}"

    @property
    def folder(self) -> Path:
        return self._root / "new"

    def is_occupied(self) -> bool:
        """Whether there is anything to be replaced."""
        return next(self.place.files(), None) is not None

    def put_in_place(self) -> None:
        """One rename for each file or folder at the top; what was there before goes."""
        old = self._root / "old"
        old.mkdir(parents=True, exist_ok=True)
        for path in self._replaced():
            path.rename(old / path.name)
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            path.rename(self.place.folder / path.name)
        self.clear()

    def clear(self) -> None:
        """Remove what was laid ready."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _replaced(self) -> list[Path]:
        place = self.place
        if place.only:
            return list(place.files())
        return [
            path for path in place.folder.iterdir() if not path.name.startswith(".") and path.name not in place.without
        ]


@contextmanager
def staged_entries(places: Sequence[BackupEntry], dumps: Path) -> Iterator[list[StagedEntry]]:
    """Empty drafts for these places, and no folder for dumps. Afterwards nothing is left of either."""
    laid = [StagedEntry(place) for place in places]
    try:
        for draft in laid:
            draft.clear()
        shutil.rmtree(dumps, ignore_errors=True)
        yield laid
    finally:
        for draft in laid:
            draft.clear()
            with suppress(OSError):
                draft.place.folder.rmdir()  # where it was made for this and stayed empty
        shutil.rmtree(dumps, ignore_errors=True)
