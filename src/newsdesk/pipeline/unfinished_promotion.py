"""Find a change of the champion that was begun but not finished, by ledger and aliases alone: nothing else is stored.

A change writes the ledger, then moves `champion`, and `previous` last. It is unfinished while `previous` is not what
the ledger expects. Any machine that reaches ledger and registry can tell, whichever process was killed.
"""

from collections.abc import Sequence

from newsdesk.registry.version import Alias, Version
from newsdesk.store.ledger import BEGUN, LedgerEntry, champions, last_change, predecessor, previous


def unfinished_promotion(history: Sequence[LedgerEntry], versions: Sequence[Version]) -> LedgerEntry | None:
    """The newest change, where it is unfinished: it is under way, or its process was killed.

    None also where the alias was moved elsewhere since, outside Newsdesk.
    """
    change = last_change(history)
    if change is None or change.decision not in BEGUN:
        return None
    champion, before = holder("champion", versions), holder("previous", versions)
    if champion is None and change.action == "rollback":  # from a version that was deleted, alias and all
        return change if before == change.to_version else None
    if champion not in (change.from_version, change.to_version):
        return None
    if champion is None:  # the first promotion: there is no `previous` to go by
        return change
    registered = {version.version for version in versions}
    if change.action == "rollback":  # until its end, `previous` names whom it goes back to
        is_at_its_end = before != change.to_version and (
            champion == change.to_version or change.to_version in registered
        )
    else:
        is_at_its_end = before == before_champion(history, versions) or (
            before is None and change.from_version not in registered
        )
    return None if is_at_its_end else change


def before_champion(history: Sequence[LedgerEntry], versions: Sequence[Version]) -> str | None:
    """The version that a rollback promotes and `previous` should name: by the ledger, the newest not deleted since."""
    change, registered = last_change(history), {version.version for version in versions}
    visited = {change.to_version if change else None}
    before = previous(history)
    while before is not None and (before in visited or before not in registered):
        visited.add(before)
        before = predecessor(history, before)
        if before in visited:
            return None
    return before


def rollback_target(history: Sequence[LedgerEntry], versions: Sequence[Version]) -> str | None:
    """Whom a rollback puts in charge where the registry names no champion any more: the one before the last by the
    ledger; where there is none, the last one that is still there."""
    before, registered = before_champion(history, versions), {version.version for version in versions}
    return before or next((number for number in champions(history)[1:] if number in registered), None)


def holder(alias: Alias, versions: Sequence[Version]) -> str | None:
    """The number of the version that an alias names."""
    return next((version.version for version in versions if alias in version.aliases), None)
