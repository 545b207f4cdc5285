"""Copy several databases such that they agree."""

from collections.abc import Sequence
from pathlib import Path

from newsdesk.operations.backup.databases import STORE, Named
from newsdesk.operations.backup.error import BackupError
from newsdesk.pipeline.progress import Progress

_TRIES = 5  # to find the databases between two promotions


def copy_databases(named: Sequence[Named], folder: Path, progress: Progress) -> None:
    """All databases, each under its name, as they were between two promotions: so ledger and aliases agree.

    Promotion writes the ledger first. Where that is the same before and after, no alias moved but those it tells of.
    Raises `BackupError` where models are promoted all the time.
    """
    for _ in range(_TRIES):
        before = _decisions(named)
        for one in named:
            progress.step(f"Copying the database {one.name}")
            (folder / one.name).unlink(missing_ok=True)
            one.database.dump(folder / one.name)
        if _decisions(named) == before:
            return
    raise BackupError("Models are promoted so often that no moment in between was found. Run the backup again later.")


def _decisions(named: Sequence[Named]) -> int:
    """How many the ledger holds."""
    return sum(one.database.rows("promotion_ledger") for one in named if one.name == STORE)
