"""The databases of a deployment, SQLite or PostgreSQL, and the operations on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.manifest import Kind
from newsdesk.operations.backup.postgresql import PostgresqlDatabase
from newsdesk.operations.backup.sqlite import SqliteDatabase
from newsdesk.store.schema_revision import FIRST_TABLES, VERSION_TABLE

STORE, MLFLOW = "store", "mlflow"
_MLFLOW_TABLES = {"alembic_version", "experiments", "model_versions"}


class Database(Protocol):
    """One database. Every method raises `BackupError`, without any password in its message."""

    @property
    def kind(self) -> Kind: ...

    def exists(self) -> bool:
        """Whether there is something to back up."""

    def is_empty(self) -> bool:
        """Whether a restore would overwrite nothing."""

    def rows(self, table: str) -> int:
        """How many rows a table of ours has; 0 where there is no such table."""

    def dump(self, target: Path) -> None:
        """Write one consistent state of it into a file, while others write on."""

    def check(self, dump: Path) -> None:
        """Raises `BackupError` where a dump is not whole and sound; nothing is changed."""

    def tables(self, dump: Path) -> set[str]:
        """The names of the tables in a dump that was found sound."""

    def restore(self, dump: Path) -> None:
        """Put what `dump` holds in the place of all there is, in one step."""


@dataclass(frozen=True)
class NamedDatabase:
    """A database by the name that it has in archives."""

    name: str
    database: Database

    @property
    def member(self) -> str:
        return f"databases/{self.name}.{'sqlite' if self.database.kind == 'sqlite' else 'dump'}"

    def check(self, dump: Path) -> None:
        """Raises `BackupError` where a dump is not sound, or is another database than its name says."""
        self.database.check(dump)
        if self.name in (STORE, MLFLOW) and (missing := _missing_tables(self.name, self.database.tables(dump))):
            expected = "the store of Newsdesk" if self.name == STORE else "a database of MLflow"
            raise BackupError(
                f"The archive's database {self.name} is not {expected}: it has no table {min(missing)}. Nothing was "
                "changed. Take another archive."
            )


def _missing_tables(name: str, tables: set[str]) -> set[str]:
    if name == MLFLOW:
        return _MLFLOW_TABLES - tables
    if VERSION_TABLE in tables:
        return FIRST_TABLES - tables
    return set() if tables & FIRST_TABLES else {VERSION_TABLE}  # before there were revisions it had some of them


def databases(settings: Settings) -> list[NamedDatabase]:
    """The store, MLflow's where it can be known, and those of `BACKUP_DATABASES`. Raises `ConfigError`."""
    named = [NamedDatabase(STORE, _open(settings.database, "NEWSDESK_DATABASE_URL"))]
    if not settings.tracking_uri.lower().startswith(("http://", "https://")):
        named.append(NamedDatabase(MLFLOW, _open(settings.tracking_uri, "MLFLOW_TRACKING_URI")))
    addresses = settings.backup_databases.get_secret_value() if settings.backup_databases else ""
    for address in filter(None, map(str.strip, addresses.split(","))):
        url = _url(address, "BACKUP_DATABASES")
        named.append(
            NamedDatabase(_free_name(Path(url.database or "database").stem, named), _open(address, "BACKUP_DATABASES"))
        )
    return named


def _free_name(name: str, taken: Sequence[NamedDatabase]) -> str:
    names = {database.name for database in taken}
    return next(
        candidate
        for number in range(1, 1000)
        if (candidate := name if number == 1 else f"{name}-{number}") not in names
    )


def _open(address: str, variable: str) -> Database:
    url = _url(address, variable)
    if url.get_backend_name() == "sqlite":
        return SqliteDatabase(Path(url.database or ":memory:"))
    return PostgresqlDatabase(url)


def _url(address: str, variable: str) -> URL:
    try:
        url = make_url(address)
        kind: Literal["sqlite", "postgresql"] | str = url.get_backend_name()
    except (ArgumentError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        raise ConfigError(f"{variable} names no database that can be backed up. Give postgresql://… or sqlite:///FILE.")
    return url
