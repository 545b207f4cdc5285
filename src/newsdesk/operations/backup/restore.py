"""Restore a backup: check all of it, then stage everything, then put it in place, the pointer last."""

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
    POINTER_ENTRY,
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
    named_databases = target_databases(archive, manifest, databases(settings))
    check_names(archive, manifest, _entries(settings), named_databases)
    with (
        only_maintenance(settings.home),
        only_writer(settings.home),
        only_promoter(settings.home, 0),
        _stage(settings) as staged,
    ):
        replaced = _find_occupied(named_databases, staged)
        if replaced and not overwrite and not _is_continued(settings.home, manifest):
            raise BackupError(
                f"There is something already: {', '.join(replaced)}. Nothing was changed. Stop the servers, and add "
                "--yes to replace all of it by what the archive holds."
            )
        progress.step("Unpacking")
        _unpack(archive, passphrase, manifest, staged, settings.home)
        for named in named_databases:
            progress.step(f"Checking the database {named.name}")
            named.check(_dumps(settings.home) / Path(named.member).name)
        check_champion(archive, manifest, _pointer(staged))
        warnings = [*_warnings(settings, manifest), *_revoked_key_warnings(settings.keys_file, staged)]
        with _mark_unfinished(settings.home, manifest):
            _put_in_place(settings, named_databases, staged, progress)
    return RestoreResult(archive, manifest, tuple(replaced), tuple(warnings))


def _entries(settings: Settings) -> list[BackupEntry]:
    """All entries, in the order in which they are put in place."""
    return [*after_databases(settings), *_last_entries(settings)]


def _last_entries(settings: Settings) -> list[BackupEntry]:
    return [*before_databases(settings), pointer_entry(settings)]


def _stage(settings: Settings) -> AbstractContextManager[list[StagedEntry]]:
    return staged_entries([entry for entry in _entries(settings) if not _is_read_only(entry)], _dumps(settings.home))


def _is_read_only(entry: BackupEntry) -> bool:
    """Whether nothing can be put there: the configuration of a container comes with its image."""
    return entry.name == CONFIGURATION and entry.folder.is_dir() and not os.access(entry.folder, os.W_OK)


def _find_occupied(named_databases: Sequence[NamedDatabase], staged: Sequence[StagedEntry]) -> list[str]:
    occupied = [f"the database {named.name}" for named in named_databases if not named.database.is_empty()]
    entries = [draft.entry for draft in staged if draft.entry.name != CONFIGURATION and draft.is_occupied()]
    return occupied + [f"{entry.folder / entry.patterns[0] if entry.patterns else entry.folder}" for entry in entries]


def _unpack(
    archive: Path, passphrase: bytes | None, manifest: BackupManifest, staged: Sequence[StagedEntry], home: Path
) -> None:
    """Stage every file beside its target. Raises `BackupError` where the archive is not the one that was checked."""
    by_name = {draft.entry.name: draft for draft in staged}
    left_out = {CONFIGURATION} - by_name.keys()
    for member in members(archive, passphrase):
        if member.name == MANIFEST:
            continue
        if member.name not in manifest.files:
            raise _changed_error(archive)
        kind, _, rest = member.name.partition("/")
        name, _, path = rest.partition("/")
        if kind == "files" and name in left_out:
            continue
        target = _dumps(home) / rest if kind == "databases" else by_name[name].folder / unescaped(path)
        if _write(member, target) != manifest.files.get(member.name):
            raise _changed_error(archive)


def _pointer(staged: Sequence[StagedEntry]) -> bytes | None:
    """What the archive has for `champion.json`."""
    draft = next(draft for draft in staged if draft.entry.name == POINTER_ENTRY)
    return (draft.folder / POINTER).read_bytes() if (draft.folder / POINTER).is_file() else None


def _changed_error(archive: Path) -> BackupError:
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
    settings: Settings, named_databases: Sequence[NamedDatabase], staged: Sequence[StagedEntry], progress: Progress
) -> None:
    """Put referenced files in place before what refers to them, the pointer last."""
    last_names = {entry.name for entry in _last_entries(settings)}
    for draft in staged:
        if draft.entry.name not in last_names:
            progress.step(f"Restoring {draft.entry.name}")
            draft.put_in_place()
    for named in named_databases:
        progress.step(f"Restoring the database {named.name}")
        named.database.restore(_dumps(settings.home) / Path(named.member).name)
    for draft in staged:
        if draft.entry.name in last_names:
            draft.put_in_place()


@contextmanager
def _mark_unfinished(home: Path, manifest: BackupManifest) -> Iterator[None]:
    """Mark the restore as unfinished by a file, from the first change until all is done."""
    atomic.write_text(home / UNFINISHED, json.dumps({"made_at": manifest.made_at.isoformat()}))
    yield
    (home / UNFINISHED).unlink()


def _is_continued(home: Path, manifest: BackupManifest) -> bool:
    """Whether an unfinished restore of the same backup is being continued."""
    try:
        unfinished = json.loads((home / UNFINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(unfinished, dict) and unfinished.get("made_at") == manifest.made_at.isoformat()


def _warnings(settings: Settings, manifest: BackupManifest) -> Iterator[str]:
    artifacts = artifact_folder(settings)
    if manifest.artifacts and artifacts and str(artifacts) != manifest.artifacts:
        yield (
            f"MLflow's database names artifacts under {manifest.artifacts}, and they are under {artifacts} now: models "
            "are served, and runs are listed without their files. Link the old path to the new one to see them."
        )
    if MLFLOW not in manifest.databases and any(named.name == MLFLOW for named in databases(settings)):
        yield "The archive has no database of MLflow: its models and runs are as they were before."
    for entry in filter(_is_read_only, after_databases(settings)):
        yield f"{entry.folder} stays as it is: nothing can be written there. The archive has its own."


def _revoked_key_warnings(file: Path, staged: Sequence[StagedEntry]) -> Iterator[str]:
    folder = next(draft.folder for draft in staged if draft.entry.name == KEYS)
    for name in revoked_since(file, folder / file.name):
        yield f"The API key {name} was revoked after this backup, and is good again: newsdesk keys revoke {name}."
