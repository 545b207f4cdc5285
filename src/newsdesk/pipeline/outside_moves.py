"""Who moved the champion's alias in MLflow itself: told in the promotion ledger as soon as any of us sees it."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from newsdesk.registry.protocol import RegistryReader, RegistryWriter
from newsdesk.registry.version import Alias, Version
from newsdesk.store.ledger import MOVED, Entry, append_after, entries, last_change, predecessor, previous

OUTSIDE = "outside Newsdesk"  # the actor: MLflow does not tell who moves an alias
_REASON = "the alias champion was moved in MLflow"
_TRIES = 3


def note_outside_move(store: Engine, registry: RegistryReader) -> bool:
    """Tell the ledger of a champion that it does not know of, once, however many look at the same time.

    Whether ledger and registry agree now. They do not while a promotion is under way, or where one was killed, which
    whoever runs it again ends. A ledger that never told of a champion is not that of this registry, and stays empty.
    """
    for _ in range(_TRIES):
        # The ledger first: a command writes there before it moves an alias, so that its moves make the ledger longer.
        history = entries(store)
        change, versions = last_change(history), registry.versions()
        champion = _holder("champion", versions)
        if change is None or champion is None or champion.version == change.to_version:
            return True
        if _is_under_way(change, champion, history, versions):
            return False
        if append_after(store, len(history), _entry(history, change, champion)):
            return True
    return False


def settle(store: Engine, registry: RegistryWriter) -> None:
    """The same, and let the alias `previous` name whom the ledger says was in charge before.

    Callers hold `only_writer`. Raises `RegistryError`.
    """
    note_outside_move(store, registry)
    history = entries(store)
    change, versions = last_change(history), registry.versions()
    champion = _holder("champion", versions)
    if change is None or champion is None or champion.version != change.to_version:
        return
    before = _before(history, versions)
    if before != _number(_holder("previous", versions)):
        registry.set_alias("previous", before)


def _is_under_way(change: Entry, champion: Version, history: list[Entry], versions: list[Version]) -> bool:
    """Whether it looks as it does between the entry in the ledger and the last alias that is moved."""
    is_as_before = champion.version == change.from_version
    is_finished = _number(_holder("previous", versions)) == _before(history, versions)
    return change.decision != MOVED and is_as_before and not is_finished


def _before(history: list[Entry], versions: list[Version]) -> str | None:
    """Whom a rollback puts in charge: by the ledger, the newest that was not deleted since."""
    change, there = last_change(history), {version.version for version in versions}
    passed = {change.to_version if change else None}
    before = previous(history)
    while before is not None and (before in passed or before not in there):
        passed.add(before)
        before = predecessor(history, before)
        if before in passed:
            return None
    return before


def _holder(alias: Alias, versions: list[Version]) -> Version | None:
    return next((version for version in versions if alias in version.aliases), None)


def _number(version: Version | None) -> str | None:
    return version.version if version else None


def _entry(history: list[Entry], change: Entry, champion: Version) -> Entry:
    return Entry(
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
