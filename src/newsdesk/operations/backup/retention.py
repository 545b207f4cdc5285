"""The folder of archives: their names, and the removal of old ones."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

PLAIN, ENCRYPTED = ".tar.gz", ".tar.gz.encrypted"
_NAME = re.compile(r"newsdesk-(\d{8}T\d{12}Z)\.tar\.gz(?:\.encrypted)?")
_MOMENT = "%Y%m%dT%H%M%S%fZ"


def archive_name(made_at: datetime, suffix: str) -> str:
    return f"newsdesk-{made_at.astimezone(UTC):{_MOMENT}}{suffix}"


def archives(folder: Path) -> list[tuple[datetime, Path]]:
    """Every whole archive with the moment at which it was made, oldest first."""
    matches = [(path, _NAME.fullmatch(path.name)) for path in (folder.iterdir() if folder.is_dir() else ())]
    return sorted((datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC), path) for path, match in matches if match)


def remove_old(folder: Path, now: datetime, days: int) -> list[Path]:
    """Remove what is older than `days`, counted from the newest but one; what was removed.

    So the archive before this one stays, and those of its last days: a clock that is wrong by years takes none of them.
    """
    existing = [(made_at, path) for made_at, path in archives(folder) if made_at <= now]
    old = [path for made_at, path in existing[:-2] if existing[-2][0] - made_at > timedelta(days=days)]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def clear_drafts(folder: Path) -> None:
    """Remove the drafts of killed backups. The caller holds the lock, so none is in progress."""
    for draft in folder.glob(".backup-*"):
        shutil.rmtree(draft, ignore_errors=True)
