"""Check that ledger, alias and pointer name the same champion."""

from collections.abc import Iterator, Sequence

from sqlalchemy.exc import SQLAlchemyError

from newsdesk.config.settings import Settings
from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.errors import NewsdeskError
from newsdesk.operations.doctor.finding import Finding, fine, problem, warning
from newsdesk.pipeline.unfinished_promotion import holder, rollback_target, unfinished_promotion
from newsdesk.registry.champion_pointer import ChampionPointer, read_champion_pointer
from newsdesk.registry.reader import open_reader
from newsdesk.registry.version import Version
from newsdesk.store.engine import store_engine
from newsdesk.store.ledger import LedgerEntry, entries, last_change
from newsdesk.store.migration_status import read_status


def check_promotion(settings: Settings) -> Iterator[Finding]:
    """Nothing where something cannot be read: other checks report that."""
    try:
        history, pointer = read_ledger(settings.database), read_champion_pointer(settings.bundles)
        change, reader = last_change(history), open_reader(settings)
        versions = reader.versions() if reader else None
    except (NewsdeskError, SQLAlchemyError):
        return
    if change is None:
        if versions and not history:
            yield _wrong_store(settings, versions)
        return  # this ledger is not that of a registry
    if versions is not None:
        is_embedded = settings.mlflow_tracking_uri is None  # else a server's pointer may follow a little later
        finding = _compare_aliases(history, change, versions) or (
            _compare_alias_and_pointer(versions, pointer) if is_embedded else None
        )
    else:
        finding = _compare_pointer(change, pointer)
    yield finding or fine("promotion", "Ledger, registry and champion.json name the same champion.")


def read_ledger(address: str) -> list[LedgerEntry]:
    """The promotion ledger of a store that is left as it is, or is not there. Raises `StoreError`, `ConfigError`."""
    if read_status(address).condition not in ("current", "ahead"):
        return []
    store = store_engine(address)
    try:
        return entries(store)
    finally:
        store.dispose()


def _wrong_store(settings: Settings, versions: Sequence[Version]) -> Finding:
    """Whoever registers a version writes an entry: these entries are in another store, or were lost."""
    champion, embedded = holder("champion", versions), settings.embedded_database
    is_moved = settings.database != sqlite_address(embedded) and embedded.is_file()
    source = sqlite_address(embedded) if is_moved else "ADDRESS"
    remedy = f"newsdesk models promote {champion} begins the ledger anew" if champion else "restore a backup"
    return problem(
        "promotion",
        f"The registry has {len(versions)} versions of the model, {_name(champion)} in charge, and the promotion "
        "ledger is empty: the store is another one than they were registered with, or lost its rows.",
        f"Bring the old store's rows, with the servers stopped: newsdesk store copy --from {source}. If it is gone, "
        f"{remedy}.",
    )


def _compare_aliases(
    history: Sequence[LedgerEntry], change: LedgerEntry, versions: Sequence[Version]
) -> Finding | None:
    champion = holder("champion", versions)
    if champion is None and change.to_version not in {version.version for version in versions}:
        return _deleted_champion(history, change, versions)
    if unfinished_promotion(history, versions):
        return problem(
            "promotion",
            f"The change from {_name(change.from_version)} to {_name(change.to_version)} is not at its end: it is "
            "under way now, or was interrupted.",
            "Wait a minute and look again; if it stays so, the next promotion or rollback finishes it: "
            f"newsdesk models promote {change.to_version}.",
        )
    if champion is None:
        return problem(
            "promotion",
            f"The ledger names {_name(change.to_version)}, and the registry nobody: the alias champion was deleted.",
            f"newsdesk models promote {change.to_version} gives it back.",
        )
    if champion != change.to_version:
        return warning(
            "promotion",
            f"The registry names version {champion}, and the ledger {_name(change.to_version)}: the alias was moved "
            "in MLflow.",
            "The next command that reads the ledger tells it: newsdesk models ledger.",
        )
    return None


def _deleted_champion(
    history: Sequence[LedgerEntry], change: LedgerEntry, versions: Sequence[Version]
) -> Finding | None:
    """The version in charge is not in the registry any more."""
    if change.to_version is None:  # struck out
        return None
    target = rollback_target(history, versions)
    remedy = f"newsdesk models rollback puts version {target} back in charge. Or restore" if target else "Restore"
    return problem(
        "promotion",
        f"Version {change.to_version} is in charge by the ledger, and the registry does not have it any more: it was "
        "deleted in MLflow.",
        f"{remedy} MLflow's database and artifacts from a backup (newsdesk restore), or train anew: newsdesk run.",
    )


def _compare_alias_and_pointer(versions: Sequence[Version], pointer: ChampionPointer | None) -> Finding | None:
    champion = holder("champion", versions)
    if champion is None or (pointer is not None and pointer.version == champion):
        return None
    return problem(
        "promotion",
        f"The registry names version {champion}, and champion.json {_name(pointer.version if pointer else None)}.",
        f"newsdesk models promote {champion} makes both say the same.",
    )


def _compare_pointer(change: LedgerEntry, pointer: ChampionPointer | None) -> Finding | None:
    if pointer is None or pointer.version == change.to_version:
        return None
    return problem(
        "promotion",
        f"The ledger names {_name(change.to_version)}, and champion.json version {pointer.version}.",
        f"newsdesk models promote {change.to_version} makes both say the same.",
    )


def _name(version: str | None) -> str:
    return f"version {version}" if version else "nobody"
