"""Make a backup while everything keeps running."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from newsdesk import __version__
from newsdesk.atomic import flush_names
from newsdesk.config.settings import Settings
from newsdesk.operations.backup.archive import ArchiveWriter, open_archive_writer
from newsdesk.operations.backup.archive_validation import champion_of, has_bundle
from newsdesk.operations.backup.database_copies import PromotionState, copy_databases
from newsdesk.operations.backup.databases import STORE, NamedDatabase, databases
from newsdesk.operations.backup.entries import (
    BackupEntry,
    after_databases,
    artifact_folder,
    before_databases,
    pointer_entry,
)
from newsdesk.operations.backup.manifest import BackupManifest
from newsdesk.operations.backup.passphrase import read_passphrase
from newsdesk.operations.backup.retention import ENCRYPTED, PLAIN, archive_name, clear_drafts, remove_old
from newsdesk.operations.maintenance_lock import only_maintenance
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.champion_pointer import POINTER, ChampionPointer
from newsdesk.store.database import open_store

_INTERRUPTED = (
    "A promotion was interrupted, and is in this backup as it stands: the next promotion or rollback finishes it, also "
    "after a restore."
)


@dataclass(frozen=True)
class BackupResult:
    """A new backup. `warnings` are sentences about what it lacks."""

    archive: Path
    size: int
    manifest: BackupManifest
    encrypted: bool
    removed: tuple[Path, ...]
    warnings: tuple[str, ...]


def create_backup(settings: Settings, folder: Path, progress: Progress) -> BackupResult:
    """Write an archive of everything into `folder`, then remove those that are older than `BACKUP_RETENTION_DAYS`.

    The archive has its name only when it is whole and on the disk. Raises `BackupError`, `OverlapError` where
    another one is being made.
    """
    passphrase = read_passphrase(settings)
    with only_maintenance(settings.home):
        named_databases = _existing_databases(settings)
        folder.mkdir(parents=True, exist_ok=True)
        clear_drafts(folder)
        now = datetime.now(UTC)
        target = folder / archive_name(now, ENCRYPTED if passphrase is not None else PLAIN)
        draft = Path(mkdtemp(prefix=".backup-", dir=folder))  # of a killed backup this is what the next one clears away
        try:
            with open_archive_writer(draft / target.name, passphrase) as archive:
                promotion_state = _write_entries(archive, settings, named_databases, draft, progress)
                manifest = _build_manifest(archive, settings, named_databases, now, promotion_state.pointer)
                archive.finish(manifest)
            (draft / target.name).replace(target)
            flush_names(folder)  # only then may older ones go
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        removed = remove_old(folder, now, settings.backup_retention_days)
    return BackupResult(
        target,
        target.stat().st_size,
        manifest,
        passphrase is not None,
        tuple(removed),
        (
            *_warnings(settings, named_databases, manifest, champion_of(promotion_state.pointer)),
            *([_INTERRUPTED] if promotion_state.is_unfinished else []),
        ),
    )


def _existing_databases(settings: Settings) -> list[NamedDatabase]:
    """The databases that exist. The store is always among them: it is created where nothing was written yet."""
    configured = databases(settings)
    if any(named.name == STORE and named.database.is_empty() for named in configured):
        open_store(settings.database).dispose()
    return [named for named in configured if named.database.exists()]


def _write_entries(
    archive: ArchiveWriter,
    settings: Settings,
    named_databases: Sequence[NamedDatabase],
    draft: Path,
    progress: Progress,
) -> PromotionState:
    progress.step("Reading the spool")
    for entry in before_databases(settings):
        _add_entry(archive, entry)
    promotion_state = copy_databases(named_databases, settings, draft, progress)
    if promotion_state.pointer is not None:
        (draft / POINTER).write_bytes(promotion_state.pointer)
        archive.add(pointer_entry(settings).member(settings.bundles / POINTER), draft / POINTER)
    for named in named_databases:
        archive.add(named.member, draft / named.name)
        (draft / named.name).unlink()
    for entry in after_databases(settings):
        progress.step(f"Reading {entry.name}")
        _add_entry(archive, entry)
    return promotion_state


def _add_entry(archive: ArchiveWriter, entry: BackupEntry) -> None:
    for path in entry.files():
        archive.add(entry.member(path), path)


def _build_manifest(
    archive: ArchiveWriter,
    settings: Settings,
    named_databases: Sequence[NamedDatabase],
    now: datetime,
    pointer: bytes | None,
) -> BackupManifest:
    artifacts = artifact_folder(settings)
    return BackupManifest(
        made_at=now,
        newsdesk_version=__version__,
        home=str(settings.home),
        artifacts=str(artifacts) if artifacts else None,
        champion=champion.digest if (champion := champion_of(pointer)) else None,
        databases={named.name: named.database.kind for named in named_databases},
        files=archive.files,
    )


def _warnings(
    settings: Settings,
    named_databases: Sequence[NamedDatabase],
    manifest: BackupManifest,
    champion: ChampionPointer | None,
) -> list[str]:
    is_server = settings.tracking_uri.lower().startswith(("http://", "https://"))
    warnings = []
    if champion and not has_bundle(champion, manifest):
        warnings.append(
            f"The bundle {champion.bundle}, which {POINTER} names, is not there: no restore takes this backup. "
            "Promote a version, then back up again."
        )
    if is_server and len(named_databases) < 2:
        warnings.append("The database of the MLflow server is not in this backup: name it in BACKUP_DATABASES.")
    folder = artifact_folder(settings)
    is_named = not is_server or settings.mlflow_artifact_root
    if folder is None or not (is_named or (folder.is_dir() and any(folder.iterdir()))):
        warnings.append(
            "The artifacts of the MLflow server are not in this backup: let MLFLOW_ARTIFACT_ROOT name their folder "
            f"where it is on this machine, mount it at {settings.home / 'artifacts'}, or back up the object store that "
            "holds them."
        )
    return warnings
