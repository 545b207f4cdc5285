"""`newsdesk backup` and `newsdesk restore`: one archive with everything, and the way back from it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsdesk.cli.options import AsJson
from newsdesk.cli.output import say, tell

if TYPE_CHECKING:
    from newsdesk.operations.backup.manifest import BackupManifest

Archive = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The archive.")]


def backup(
    to: Annotated[Path | None, typer.Option("--to", file_okay=False, help="Folder. Default: NEWSDESK_BACKUPS.")] = None,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", metavar="ARCHIVE", exists=True, dir_okay=False, help="Check an archive instead."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Back up databases, models, articles, keys and configuration into one archive, while everything goes on."""
    if verify is not None:
        _verify(verify, as_json)
        return
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.operations.backup.create import create_backup

    settings = load_settings()
    with shown_progress() as progress:
        created = create_backup(settings, to or settings.backups, progress)
    _warn(created.warnings)
    if as_json:
        result = {"archive": str(created.archive), "bytes": created.size, "encrypted": created.encrypted}
        removed = [str(path) for path in created.removed]
        print(
            json.dumps(
                result | _as_dict(created.manifest) | {"removed": removed, "warnings": created.warnings}, indent=2
            )
        )
        return
    tell(f"{created.archive}: {_describe(created.manifest)}, {created.size / 1e6:.1f} MB.")
    if created.removed:
        print(f"Removed {len(created.removed)} older than {settings.backup_retention_days} days.")


def restore(
    archive: Archive,
    yes: Annotated[bool, typer.Option("--yes", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put everything back from an archive. Stop the servers first."""
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.operations.backup.restore import restore_backup

    with shown_progress() as progress:
        restored = restore_backup(load_settings(), archive, yes, progress)
    _warn(restored.warnings)
    if as_json:
        result = {"archive": str(restored.archive), "replaced": restored.replaced, "warnings": restored.warnings}
        print(json.dumps(result | _as_dict(restored.manifest), indent=2))
        return
    tell(f"Restored {_describe(restored.manifest)} of {restored.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")


def _verify(archive: Path, as_json: bool) -> None:
    from newsdesk.config.settings import load_settings
    from newsdesk.operations.backup.archive import verify
    from newsdesk.operations.backup.passphrase import read_passphrase

    manifest = verify(archive, read_passphrase(load_settings()))
    if as_json:
        print(json.dumps({"archive": str(archive), "whole": True} | _as_dict(manifest), indent=2))
        return
    tell(f"{archive} is whole: {_describe(manifest)} of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")


def _as_dict(manifest: "BackupManifest") -> dict[str, Any]:
    summary = manifest.model_dump(mode="json", include={"made_at", "newsdesk_version", "champion", "databases"})
    return summary | {"files": len(manifest.files)}


def _describe(manifest: "BackupManifest") -> str:
    champion = f", champion {manifest.champion.removeprefix('sha256:')[:16]}" if manifest.champion else ""
    return f"{len(manifest.files):,} files, databases {', '.join(manifest.databases) or 'none'}{champion}"


def _warn(sentences: tuple[str, ...]) -> None:
    for sentence in sentences:
        say(sentence)
