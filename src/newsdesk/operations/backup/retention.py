"""The folder of archives: their names, and which of them are too old."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

PLAIN, ENCRYPTED = ".tar.gz", ".tar.gz.encrypted"
_NAME = re.compile(r"newsdesk-(\d{8}T\d{12}Z)\.tar\.gz(?:\.encrypted)?")
_MOMENT = "%Y%m%dT%H%M%S%fZ"


def archive_name(made_at: datetime, ending: str) -> str:
    return f"newsdesk-{made_at.astimezone(UTC):{_MOMENT}}{ending}"


def archives(folder: Path) -> list[tuple[datetime, Path]]:
    """Every whole archive with the moment at which it was made, oldest first."""
    matches = [(path, _NAME.fullmatch(path.name)) for path in (folder.iterdir() if folder.is_dir() else ())]
    return sorted((datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC), path) for path, match in matches if match)


def remove_old(folder: Path, now: datetime, days: int) -> list[Path]:
    """Remove what is older than `days`, counted from the newest but one; what was removed.

    So the archive before this one stays, and those of its last days: a clock that is wrong by years takes none of them.
    """
    there = [(made_at, path) for made_at, path in archives(folder) if made_at <= now]
    old = [path for made_at, path in there[:-2] if there[-2][0] - made_at > timedelta(days=days)]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def clear_drafts(folder: Path) -> None:
    """Remove what killed backups left. Nobody else makes one now."""
    for draft in folder.glob(".backup-*"):
        shutil.rmtree(draft, ignore_errors=True)
