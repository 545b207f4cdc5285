"""Copy several databases and the pointer in a consistent state."""

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
    named_databases: Sequence[NamedDatabase],
    settings: Settings,
    folder: Path,
    progress: Progress,
    patience: float = _PATIENCE,
) -> PromotionState:
    """All databases, each under its name, as they were between two promotions: so ledger, aliases and pointer agree.

    They do not where a promotion was interrupted, and nobody has finished it yet. Raises `BackupError` where models are
    promoted all the time.
    """
    for _ in range(_TRIES):
        before = _wait_until_finished(lambda: _read_promotion_state(named_databases, settings), patience)
        for named in named_databases:
            progress.step(f"Copying the database {named.name}")
            (folder / named.name).unlink(missing_ok=True)
            named.database.dump(folder / named.name)
        if _read_promotion_state(named_databases, settings)[:2] == before[:2]:
            return before
    raise BackupError("Models are promoted so often that no moment in between was found. Run the backup again later.")


def _wait_until_finished(read_state: Callable[[], PromotionState], patience: float) -> PromotionState:
    deadline = time.monotonic() + patience
    while (state := read_state()).is_unfinished and time.monotonic() < deadline:
        time.sleep(0.1)
    return state


def _read_promotion_state(named_databases: Sequence[NamedDatabase], settings: Settings) -> PromotionState:
    """The state of promotions. Where the registry does not answer, the ledger alone tells: a backup goes on."""
    decisions = sum(named.database.rows("promotion_ledger") for named in named_databases if named.name == STORE)
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
