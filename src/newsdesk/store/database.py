"""Open the store."""

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeDecorator

from newsdesk.errors import ConfigError
from newsdesk.store.records import StoreError

metadata = MetaData()

# Several processes may open a new store at once: one makes the tables, all of them or none, while the others wait.
_ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7202604)"}

_POSTGRESQL = {
    "connect_timeout": 3,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds that the other end may leave sent bytes unacknowledged
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: written in UTC and read in UTC, though SQLite forgets the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


def open_store(address: str, *, keep_open: bool = False) -> Engine:
    """The store at a SQLAlchemy address; missing tables are made, and columns that an older store lacks are added.

    Raises `ConfigError`, `StoreError`.
    With `keep_open` whoever opens a SQLite file gets connections that stay open, and must dispose of the engine.
    """
    url, engine = _engine(address, keep_open)
    try:
        _make_what_is_missing(engine)
    except DBAPIError as error:
        engine.dispose()
        where = url.render_as_string(hide_password=True)
        raise StoreError(
            f"The store at {where} does not answer: {str(error.orig).splitlines()[0]}. Start it, or correct its "
            "address."
        ) from error
    return engine


def _engine(address: str, keep_open: bool) -> tuple[URL, Engine]:
    try:
        url = make_url(address)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        kind = url.get_backend_name()
        if kind not in _ONE_AT_A_TIME:
            raise ArgumentError(f"{kind} is neither SQLite nor PostgreSQL")
        if kind == "postgresql":
            defaults = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
            return url, create_engine(url, pool_pre_ping=True, connect_args=defaults)
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        # A SQLite file is opened in no time: by default no connection is kept that nobody would close.
        if keep_open:
            # A statement of a thousand rows takes megabytes once it is prepared: none is kept.
            engine = create_engine(url, connect_args={"cached_statements": 0})
        else:
            engine = create_engine(url, poolclass=NullPool)
    except (ArgumentError, ImportError) as error:
        raise ConfigError(
            f"NEWSDESK_DATABASE_URL cannot be used: {error}. Give sqlite:///FILE or postgresql://…"
        ) from error
    event.listen(engine, "connect", _prepare_sqlite)
    return url, engine


def _make_what_is_missing(engine: Engine) -> None:
    with engine.begin() as connection:
        if not _missing_tables(connection) and not _missing_columns(connection):
            return
        connection.exec_driver_sql(_ONE_AT_A_TIME[engine.dialect.name])
        metadata.create_all(connection)
        for column in _missing_columns(connection):
            table = engine.dialect.identifier_preparer.format_table(column.table)
            definition = CreateColumn(column).compile(dialect=engine.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {definition}")


def _missing_tables(connection: Connection) -> set[str]:
    return metadata.tables.keys() - set(inspect(connection).get_table_names())


def _missing_columns(connection: Connection) -> list[Column[Any]]:
    """Those that rows written before may leave empty, of tables that are there."""
    there = inspect(connection).get_multi_columns(filter_names=list(metadata.tables))
    names = {table: {column["name"] for column in columns} for (_, table), columns in there.items()}
    return [
        column
        for name, table in metadata.tables.items()
        for column in table.columns
        if name in names and column.nullable and column.name not in names[name]
    ]


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")  # milliseconds to wait for another writer
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # what is committed outlives a power cut
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Let readers read while somebody writes. SQLite itself does not wait for others here, whatever its timeout is."""
    for is_last in (*[False] * 200, True):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.05)
        else:
            return
