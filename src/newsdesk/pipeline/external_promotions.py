"""Record in the promotion ledger that the champion's alias was moved in MLflow itself, as soon as this is seen."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from newsdesk.pipeline.unfinished_promotion import unfinished_promotion
from newsdesk.registry.interfaces import RegistryReader
from newsdesk.registry.version import Version
from newsdesk.store.ledger import MOVED, LedgerEntry, append_after, entries, last_change, previous

OUTSIDE = "outside Newsdesk"  # the actor: MLflow does not tell who moves an alias
_REASON = "the alias champion was moved in MLflow"
_TRIES = 3


def record_external_promotion(store: Engine, registry: RegistryReader) -> bool:
    """Record a champion that the ledger does not know, once, even if several processes check at the same time.

    Returns whether ledger and registry agree now. They do not while a promotion is under way or after one was killed;
    the next command that changes the champion finishes it. A ledger that never named a champion does not belong to this
    registry, and stays empty.
    """
    for _ in range(_TRIES):
        # The ledger first: a command writes there before it moves an alias, so that its moves make the ledger longer.
        history = entries(store)
        change, versions = last_change(history), registry.versions()
        champion = next((version for version in versions if "champion" in version.aliases), None)
        if change is None or champion is None or champion.version == change.to_version:
            return True
        if unfinished_promotion(history, versions):
            return False
        if append_after(store, len(history), _entry(history, change, champion)):
            return True
    return False


def _entry(history: list[LedgerEntry], change: LedgerEntry, champion: Version) -> LedgerEntry:
    return LedgerEntry(
        at=datetime.now(UTC),
        actor=OUTSIDE,
        action="rollback" if previous(history) == champion.version else "promote",
        decision=MOVED,
        from_version=change.to_version,
        to_version=champion.version,
        digest=champion.digest,
        reason=_REASON,
        evidence={},
    )
