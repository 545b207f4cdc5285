"""Check that an archive holds what a backup of this deployment writes, and all that it names. Nothing is changed."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from newsdesk.operations.backup.cross_database import StoreFromPostgresql, StoreFromSqlite
from newsdesk.operations.backup.databases import STORE, NamedDatabase
from newsdesk.operations.backup.entries import POINTER_ENTRY, BackupEntry, unescaped
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.manifest import BackupManifest
from newsdesk.operations.backup.postgresql import PostgresqlDatabase
from newsdesk.operations.backup.sqlite import SqliteDatabase
from newsdesk.registry.champion_pointer import POINTER, ChampionPointer

_LONGEST_NAME, _LONGEST_PATH = 255, 4000  # bytes; what Linux takes, with room for the folder of a draft
_CHAMPION = f"files/{POINTER_ENTRY}/{POINTER}"


def target_databases(
    archive: Path, manifest: BackupManifest, named_databases: Sequence[NamedDatabase]
) -> list[NamedDatabase]:
    """Where each database of the archive goes to. Raises `BackupError`.

    Older backups leave out the store of a home in which nobody was ever promoted.
    """
    known = {named.name: named for named in named_databases}
    for name, kind in manifest.databases.items():
        if name not in known:
            raise BackupError(
                f"The archive holds the database {name}, and no setting says where it goes. Name it in "
                f"BACKUP_DATABASES; named are {', '.join(known)}."
            )
        if known[name].database.kind != kind:
            known[name] = _convert(known[name])
    if STORE not in manifest.databases and (manifest.champion is not None or _CHAMPION in manifest.files):
        raise _incomplete_error(archive, "the store, though a model was promoted")
    return [known[name] for name in manifest.databases]


def _convert(named: NamedDatabase) -> NamedDatabase:
    """The target for an archive in which the database is of the other kind. Only the store can be converted."""
    if named.name == STORE and isinstance(named.database, PostgresqlDatabase):
        return NamedDatabase(named.name, StoreFromSqlite(named.database))
    if named.name == STORE and isinstance(named.database, SqliteDatabase):
        return NamedDatabase(named.name, StoreFromPostgresql(named.database))
    backed_up = "postgresql" if named.database.kind == "sqlite" else "sqlite"
    raise BackupError(
        f"The database {named.name} was {backed_up} when it was backed up, and the settings name {named.database.kind} "
        f"for it. Only the store can be restored into the other kind. Restore {named.name} into {backed_up}."
    )


def check_names(
    archive: Path, manifest: BackupManifest, entries: Sequence[BackupEntry], named_databases: Sequence[NamedDatabase]
) -> None:
    """What an archive may hold is what a backup of this deployment writes, and the databases that it names.

    Raises `BackupError` for any other name, and for names that no disk has beside each other.
    """
    by_name = {entry.name: entry for entry in entries}
    dumps = {named.member for named in named_databases}
    targets: set[Path] = set()
    folders: set[Path] = set()
    for member in manifest.files.keys() - dumps:
        kind, _, rest = member.partition("/")
        name, _, escaped = rest.partition("/")
        path = unescaped(escaped)
        entry = by_name.get(name) if kind == "files" else None
        if entry is None or not entry.may_hold(path):
            raise _unexpected_member_error(archive, member, entry, path)
        target = Path(name, path)
        if not _fits_limits(entry.folder, path) or target in targets:
            raise _invalid_name_error(archive, member)
        targets.add(target)
        folders.update(target.parents)
    if clash := targets & folders:
        raise BackupError(
            f"{archive} holds {str(min(clash))[:200]!r} both as a file and as a folder. Nothing was changed. Take "
            "another archive."
        )
    if missing := sorted(dumps - manifest.files.keys()):
        raise BackupError(
            f"{archive} names {missing[0]} and does not hold it. Nothing was changed. Take another archive."
        )


def check_champion(archive: Path, manifest: BackupManifest, pointer: bytes | None) -> None:
    """`pointer` is what the archive has for `champion.json`: it is that of the manifest, and its bundle is there.

    A pointer that was damaged when it was backed up is taken as it was. Raises `BackupError`.
    """
    champion = champion_of(pointer)
    if manifest.champion != (champion.digest if champion else None):
        raise _incomplete_error(archive, f"the {POINTER} that its manifest names")
    if champion and not has_bundle(champion, manifest):
        raise _incomplete_error(archive, f"the bundle {champion.bundle}, which its {POINTER} names")


def champion_of(pointer: bytes | None) -> ChampionPointer | None:
    """The champion that a pointer names. None also for a damaged pointer, which must not prevent a backup."""
    try:
        return ChampionPointer.model_validate_json(pointer) if pointer else None
    except ValueError:
        return None


def has_bundle(champion: ChampionPointer, manifest: BackupManifest) -> bool:
    """Whether the files of a manifest are also those of the bundle that serves."""
    return any(name.startswith(f"files/bundles/{champion.bundle}/") for name in manifest.files)


def _fits_limits(folder: Path, path: str) -> bool:
    names = [os.fsencode(name) for name in PurePosixPath(path).parts]
    length = len(os.fsencode(folder.absolute())) + sum(len(name) + 1 for name in names)
    return max(map(len, names)) <= _LONGEST_NAME and length <= _LONGEST_PATH


def _invalid_name_error(archive: Path, member: str) -> BackupError:
    return BackupError(
        f"{archive} holds {member[:200]!r}, a name that is too long for a file, or another name of one that it holds. "
        "Nothing was changed. Take another archive."
    )


def _unexpected_member_error(archive: Path, member: str, entry: BackupEntry | None, path: str) -> BackupError:
    if entry and entry.name == "keys" and "/" not in path and not path.startswith("."):
        return BackupError(
            f"{archive} holds the keys as {path[:200]!r}, and API_KEYS_FILE names {entry.patterns[0]}. "
            "Nothing was changed. Let API_KEYS_FILE end in the name that the archive has, if it is yours."
        )
    return BackupError(
        f"{archive} holds {member[:200]!r}, which no backup of this Newsdesk writes. Nothing was changed. Take "
        "another archive, or update Newsdesk."
    )


def _incomplete_error(archive: Path, missing: str) -> BackupError:
    return BackupError(f"{archive} does not hold {missing}. Nothing was changed. Take another archive.")
