"""Check that there is a recent backup."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.operations.backup.databases import databases
from newsdesk.operations.backup.passphrase import read_passphrase
from newsdesk.operations.backup.retention import archives
from newsdesk.operations.doctor.finding import Finding, fine, from_error, problem, warning

_OLD = timedelta(days=8)  # the weekly one, and a day


def check_backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    """A backup that is not old, and all that the next one needs."""
    yield _check_newest(settings.backups, now)
    try:
        read_passphrase(settings)
        kinds = {named.database.kind for named in databases(settings)}
    except ConfigError as error:
        yield from_error("backups", error)
        return
    if "postgresql" in kinds and not (
        shutil.which("pg_dump") or any(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    ):
        fix = "apt-get install postgresql-client"
        yield problem("backups", "pg_dump is not on this machine: PostgreSQL cannot be backed up from here.", fix)


def _check_newest(folder: Path, now: datetime) -> Finding:
    existing = archives(folder)
    if not existing:
        return warning("backups", f"There is no backup in {folder}.", "Make one: newsdesk backup.")
    made_at, archive = existing[-1]
    if now - made_at > _OLD:
        message = f"The newest backup is {(now - made_at).days} days old."
        return warning("backups", message, "Make one: newsdesk backup, and see why the weekly one was not made.")
    return fine("backups", f"The newest backup is {archive.name}.")
