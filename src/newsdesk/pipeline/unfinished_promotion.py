"""Which change of the champion was begun and did not end, by what ledger and aliases say: nothing else is kept of it.

A change writes the ledger, then moves `champion`, and `previous` last. It is not at its end while `previous` is not
what the ledger says it is to be. Any machine that reaches ledger and registry can tell, whoever was killed.
"""

from collections.abc import Sequence

from newsdesk.registry.version import Alias, Version
from newsdesk.store.ledger import BEGUN, LedgerEntry, champions, last_change, predecessor, previous


def unfinished_promotion(history: Sequence[LedgerEntry], versions: Sequence[Version]) -> LedgerEntry | None:
    """The newest change, where it was begun and is not at its end: it is under way, or whoever made it was killed.

    None as well where other hands moved the alias elsewhere since.
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
    there = {version.version for version in versions}
    if change.action == "rollback":  # until its end, `previous` names whom it goes back to
        is_at_its_end = before != change.to_version and (champion == change.to_version or change.to_version in there)
    else:
        is_at_its_end = before == before_champion(history, versions) or (
            before is None and change.from_version not in there
        )
    return None if is_at_its_end else change


def before_champion(history: Sequence[LedgerEntry], versions: Sequence[Version]) -> str | None:
    """Whom a rollback puts in charge, and `previous` is to name: by the ledger, the newest not deleted since."""
    change, there = last_change(history), {version.version for version in versions}
    passed = {change.to_version if change else None}
    before = previous(history)
    while before is not None and (before in passed or before not in there):
        passed.add(before)
        before = predecessor(history, before)
        if before in passed:
            return None
    return before


def rollback_target(history: Sequence[LedgerEntry], versions: Sequence[Version]) -> str | None:
    """Whom a rollback puts in charge where the registry names no champion any more: the one before the last by the
    ledger; where there is none, the last one that is still there."""
    before, there = before_champion(history, versions), {version.version for version in versions}
    return before or next((one for one in champions(history)[1:] if one in there), None)


def holder(alias: Alias, versions: Sequence[Version]) -> str | None:
    """The number of the version that an alias names."""
    return next((version.version for version in versions if alias in version.aliases), None)
