"""Restore a backup: check all of it, then lay everything ready, then put it in place, the pointer last."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from newsdesk import atomic
from newsdesk.config.settings import Settings
from newsdesk.operations.backup.archive import ArchiveMember, members, verify
from newsdesk.operations.backup.archive_validation import check_champion, check_names, target_databases
from newsdesk.operations.backup.databases import MLFLOW, NamedDatabase, databases
from newsdesk.operations.backup.entries import (
    CONFIGURATION,
    KEYS,
    POINTER_PLACE,
    BackupEntry,
    after_databases,
    artifact_folder,
    before_databases,
    pointer_entry,
    unescaped,
)
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.manifest import MANIFEST, BackupManifest, FileDigest
from newsdesk.operations.backup.passphrase import read_passphrase
from newsdesk.operations.backup.revoked_keys import revoked_since
from newsdesk.operations.backup.staging import StagedEntry, staged_entries
from newsdesk.operations.maintenance_lock import only_maintenance
from newsdesk.pipeline.lock import only_promoter, only_writer
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.champion_pointer import POINTER

UNFINISHED = ".restoring.json"  # under home, while a restore is not at its end


@dataclass(frozen=True)
class RestoreResult:
    """What was restored. `replaced`: what was there before, by name."""

    archive: Path
    manifest: BackupManifest
    replaced: tuple[str, ...]
    warnings: tuple[str, ...]


def restore_backup(settings: Settings, archive: Path, overwrite: bool, progress: Progress) -> RestoreResult:
    """Put everything back from `archive`. Nothing is touched before every sum is found right, every name is one that a
    backup writes, and every database is there and sound.

    Killed anywhere, the same restore can be run again. Raises `BackupError`, also where something would be overwritten
    and `overwrite` is false; `UsageError` while a command that changes `NEWSDESK_HOME` runs.
    """
    passphrase = read_passphrase(settings)
    progress.step(f"Checking {archive.name}")
    manifest = verify(archive, passphrase)
    named = target_databases(archive, manifest, databases(settings))
    check_names(archive, manifest, _places(settings), named)
    with (
        only_maintenance(settings.home),
        only_writer(settings.home),
        only_promoter(settings.home, 0),
        _drafts(settings) as laid,
    ):
        replaced = _occupied(named, laid)
        if replaced and not overwrite and not _is_going_on(settings.home, manifest):
            raise BackupError(
                f"There is something already: {', '.join(replaced)}. Nothing was changed. Stop the servers, and add "
                "--yes to replace all of it by what the archive holds."
            )
        progress.step("Unpacking")
        _unpack(archive, passphrase, manifest, laid, settings.home)
        for one in named:
            progress.step(f"Checking the database {one.name}")
            one.check(_dumps(settings.home) / Path(one.member).name)
        check_champion(archive, manifest, _pointer(laid))
        warnings = [*_warnings(settings, manifest), *_keys_that_are_back(settings.keys_file, laid)]
        with _remembered(settings.home, manifest):
            _put_in_place(settings, named, laid, progress)
    return RestoreResult(archive, manifest, tuple(replaced), tuple(warnings))


def _places(settings: Settings) -> list[BackupEntry]:
    """In the order in which they are put in place."""
    return [*after_databases(settings), *_last(settings)]


def _last(settings: Settings) -> list[BackupEntry]:
    return [*before_databases(settings), pointer_entry(settings)]


def _drafts(settings: Settings) -> AbstractContextManager[list[StagedEntry]]:
    return staged_entries([place for place in _places(settings) if not _stays(place)], _dumps(settings.home))


def _stays(place: BackupEntry) -> bool:
    """Whether nothing can be put there: the configuration of a container comes with its image."""
    return place.name == CONFIGURATION and place.folder.is_dir() and not os.access(place.folder, os.W_OK)


def _occupied(named: Sequence[NamedDatabase], laid: Sequence[StagedEntry]) -> list[str]:
    found = [f"the database {one.name}" for one in named if not one.database.is_empty()]
    folders = [draft.place for draft in laid if draft.place.name != CONFIGURATION and draft.is_occupied()]
    return found + [f"{place.folder / place.only[0] if place.only else place.folder}" for place in folders]


def _unpack(
    archive: Path, passphrase: bytes | None, manifest: BackupManifest, laid: Sequence[StagedEntry], home: Path
) -> None:
    """Every file beside the place it is for. Raises `BackupError` where the archive is not what was checked."""
    by_name = {draft.place.name: draft for draft in laid}
    left_out = {CONFIGURATION} - by_name.keys()
    for member in members(archive, passphrase):
        if member.name == MANIFEST:
            continue
        if member.name not in manifest.files:
            raise _changed(archive)
        kind, _, rest = member.name.partition("/")
        name, _, path = rest.partition("/")
        if kind == "files" and name in left_out:
            continue
        target = _dumps(home) / rest if kind == "databases" else by_name[name].folder / unescaped(path)
        if _write(member, target) != manifest.files.get(member.name):
            raise _changed(archive)


def _pointer(laid: Sequence[StagedEntry]) -> bytes | None:
    """What the archive has for `champion.json`."""
    draft = next(draft for draft in laid if draft.place.name == POINTER_PLACE)
    return (draft.folder / POINTER).read_bytes() if (draft.folder / POINTER).is_file() else None


def _changed(archive: Path) -> BackupError:
    return BackupError(f"{archive} was changed while it was read. Nothing was restored. Run this again.")


def _dumps(home: Path) -> Path:
    return home / ".restore-databases"


def _write(member: ArchiveMember, target: Path) -> FileDigest:
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(0o600)  # its owner's alone, whatever rights the archive names
    with target.open("r+b") as file:
        while part := member.content.read(1024 * 1024):
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    os.utime(target, (member.modified, member.modified))
    return FileDigest(sha256=digest.hexdigest(), size=member.size)


def _put_in_place(
    settings: Settings, named: Sequence[NamedDatabase], laid: Sequence[StagedEntry], progress: Progress
) -> None:
    """What is named before what names it, the pointer last."""
    last = {place.name for place in _last(settings)}
    for draft in laid:
        if draft.place.name not in last:
            progress.step(f"Restoring {draft.place.name}")
            draft.put_in_place()
    for one in named:
        progress.step(f"Restoring the database {one.name}")
        one.database.restore(_dumps(settings.home) / Path(one.member).name)
    for draft in laid:
        if draft.place.name in last:
            draft.put_in_place()


@contextmanager
def _remembered(home: Path, manifest: BackupManifest) -> Iterator[None]:
    """From here on something is changed: until all is done, a file says so."""
    atomic.write_text(home / UNFINISHED, json.dumps({"made_at": manifest.made_at.isoformat()}))
    yield
    (home / UNFINISHED).unlink()


def _is_going_on(home: Path, manifest: BackupManifest) -> bool:
    """Whether a restore of the same backup was begun, and did not end."""
    try:
        begun = json.loads((home / UNFINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(begun, dict) and begun.get("made_at") == manifest.made_at.isoformat()


def _warnings(settings: Settings, manifest: BackupManifest) -> Iterator[str]:
    artifacts = artifact_folder(settings)
    if manifest.artifacts and artifacts and str(artifacts) != manifest.artifacts:
        yield (
            f"MLflow's database names artifacts under {manifest.artifacts}, and they are under {artifacts} now: models "
            "are served, and runs are listed without their files. Link the old path to the new one to see them."
        )
    if MLFLOW not in manifest.databases and any(one.name == MLFLOW for one in databases(settings)):
        yield "The archive has no database of MLflow: its models and runs are as they were before."
    for place in filter(_stays, after_databases(settings)):
        yield f"{place.folder} stays as it is: nothing can be written there. The archive has its own."


def _keys_that_are_back(file: Path, laid: Sequence[StagedEntry]) -> Iterator[str]:
    folder = next(draft.folder for draft in laid if draft.place.name == KEYS)
    for name in revoked_since(file, folder / file.name):
        yield f"The API key {name} was revoked after this backup, and is good again: newsdesk keys revoke {name}."
