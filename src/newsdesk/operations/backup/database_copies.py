"""Copy several databases and the pointer such that they agree."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError
from newsdesk.operations.backup.databases import STORE, NamedDatabase
from newsdesk.operations.backup.error import BackupError
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.unfinished_promotion import unfinished_promotion
from newsdesk.registry.champion_pointer import POINTER
from newsdesk.registry.reader import open_reader
from newsdesk.store.engine import store_engine
from newsdesk.store.ledger import entries

_TRIES = 5  # to find the databases between two promotions
_PATIENCE = 10.0  # seconds for a promotion that was begun to end; longer takes only one that was interrupted


class PromotionState(NamedTuple):
    """Who is in charge, by the ledger and the aliases: the same before and after, nothing moved in between. The pointer
    follows both: it is what it was before."""

    decisions: int
    aliases: tuple[tuple[str, str], ...]
    is_unfinished: bool
    pointer: bytes | None


def copy_databases(
    named: Sequence[NamedDatabase], settings: Settings, folder: Path, progress: Progress, patience: float = _PATIENCE
) -> PromotionState:
    """All databases, each under its name, as they were between two promotions: so ledger, aliases and pointer agree.

    They do not where a promotion was interrupted, and nobody has finished it yet. Raises `BackupError` where models are
    promoted all the time.
    """
    for _ in range(_TRIES):
        before = _settled(lambda: _standing(named, settings), patience)
        for one in named:
            progress.step(f"Copying the database {one.name}")
            (folder / one.name).unlink(missing_ok=True)
            one.database.dump(folder / one.name)
        if _standing(named, settings)[:2] == before[:2]:
            return before
    raise BackupError("Models are promoted so often that no moment in between was found. Run the backup again later.")


def _settled(look: Callable[[], PromotionState], patience: float) -> PromotionState:
    deadline = time.monotonic() + patience
    while (standing := look()).is_unfinished and time.monotonic() < deadline:
        time.sleep(0.1)
    return standing


def _standing(named: Sequence[NamedDatabase], settings: Settings) -> PromotionState:
    """A registry that does not answer is no reason to have no backup: then the ledger tells of promotions."""
    decisions = sum(one.database.rows("promotion_ledger") for one in named if one.name == STORE)
    try:
        pointer = (settings.bundles / POINTER).read_bytes()
    except OSError:
        pointer = None
    try:
        reader = open_reader(settings)
        versions = reader.versions() if reader else []
    except NewsdeskError:
        versions = []
    aliases = tuple(sorted((alias, version.version) for version in versions for alias in version.aliases))
    is_unfinished = False
    if decisions and versions:
        store = store_engine(settings.database)
        try:
            is_unfinished = unfinished_promotion(entries(store), versions) is not None
        finally:
            store.dispose()
    return PromotionState(decisions, aliases, is_unfinished, pointer)
