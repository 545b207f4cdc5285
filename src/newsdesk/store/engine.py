"""Connect to the database of the store, whatever it contains."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from newsdesk.errors import ConfigError
from newsdesk.private_files import keep_private
from newsdesk.redaction import redact, redact_address, secrets_in
from newsdesk.store.records import StoreError, StoreUntrusted
from newsdesk.store.tls import tls_fix

BUSY_TIMEOUT = "busy_timeout"  # execution option of an engine whose connections stay open, in milliseconds
_BUSY_TIMEOUT = 10_000  # milliseconds to wait for another writer of SQLite

# Of one process. A server has no more conversations with its store at once than this comes to; how many all of them may
# need, against PostgreSQL's max_connections: docs/deployment.md.
POOL_SIZE, MAX_OVERFLOW = 2, 4
_POOL_RECYCLE = 1800  # seconds after which a connection is replaced, and so comes by the certificate of today

_POSTGRESQL = {
    "connect_timeout": 3,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds that the other end may leave sent bytes unacknowledged
}


def store_engine(address: str, *, keep_open: bool = False) -> Engine:
    """What reaches the store at a SQLAlchemy address. Raises `ConfigError`.

    With `keep_open` whoever opens a SQLite file gets connections that stay open, and must dispose of the engine.
    """
    try:
        url = make_url(address)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        backend = url.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise ArgumentError(f"{backend} is neither SQLite nor PostgreSQL")
        return _postgresql(url) if backend == "postgresql" else _sqlite(url, keep_open)
    except (ArgumentError, ImportError, ValueError) as error:  # ValueError: a port that is no number
        message = redact(str(error), secrets_in(address))
        raise ConfigError(
            f"NEWSDESK_DATABASE_URL cannot be used: {message}. Give sqlite:///FILE or postgresql://…"
        ) from error


def masked_address(engine: Engine) -> str:
    """The address without its secrets."""
    return redact_address(engine.url.render_as_string(hide_password=False))


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Raises `StoreError` where the database, asked in the `with` block, fails."""
    try:
        yield
    except DBAPIError as error:
        message = first_line(error, engine)
        fix = tls_fix(str(error.orig))
        raise (StoreUntrusted if fix else StoreError)(
            f"The store at {masked_address(engine)} does not answer: {message}. "
            f"{fix or 'Start it, or correct its address.'}"
        ) from error


def first_line(error: DBAPIError, engine: Engine) -> str:
    """What the database says, without the statement, the address's secrets, and what else it repeats."""
    message = redact(str(error.orig), secrets_in(engine.url.render_as_string(hide_password=False)))
    return message.splitlines()[0]


def _postgresql(url: URL) -> Engine:
    defaults = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_recycle=_POOL_RECYCLE,
        pool_pre_ping=True,
        connect_args=defaults,
    )


def _sqlite(url: URL, keep_open: bool) -> Engine:
    if url.database and not (folder := Path(url.database).parent).is_dir():
        keep_private(folder)
    # A SQLite file is opened in no time: by default no connection is kept that nobody would close.
    if keep_open:
        # A statement of a thousand rows takes megabytes once it is prepared: none is kept.
        engine = create_engine(url, connect_args={"cached_statements": 0})
        event.listen(engine, "engine_connect", _set_patience)
    else:
        engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_private(_: Dialect, __: ConnectionPoolEntry, arguments: list[str], ___: dict[str, Any]) -> None:
    """A file that is there keeps its rights; SQLite gives them to the files beside it."""
    with suppress(OSError):  # told when it is opened
        if arguments and arguments[0] != ":memory:":
            Path(arguments[0]).touch(0o600)


def _set_patience(connection: Connection) -> None:
    """Connections are reused: set each time how long to wait for another writer."""
    milliseconds = int(connection.get_execution_options().get(BUSY_TIMEOUT, _BUSY_TIMEOUT))
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
    cursor.close()


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # what is committed outlives a power cut
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Let readers read during a write. SQLite itself does not wait for other processes here, whatever its timeout."""
    for is_last in (*[False] * 200, True):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.05)
        else:
            return
