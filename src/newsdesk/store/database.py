"""Open the store."""

from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from newsdesk.errors import ConfigError, NewsdeskError

metadata = MetaData()


class StoreError(NewsdeskError):
    """The store cannot be reached."""

    code = "store"


def open_store(address: str) -> Engine:
    """The store at a SQLAlchemy address; missing tables are made. Raises `ConfigError`, `StoreError`."""
    try:
        url = make_url(address)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.database and url.get_backend_name() == "sqlite":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        # A SQLite file is opened in no time: no connection is kept that nobody would close.
        pool = {"poolclass": NullPool} if url.get_backend_name() == "sqlite" else {"pool_pre_ping": True}
        engine = create_engine(url, **pool)
    except (ArgumentError, ImportError) as error:
        raise ConfigError(
            f"NEWSDESK_DATABASE_URL cannot be used: {error}. Give sqlite:///FILE or postgresql://…"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _wait_for_locks)
    try:
        metadata.create_all(engine)
    except OperationalError as error:
        where = url.render_as_string(hide_password=True)
        raise StoreError(
            f"The store at {where} does not answer: {str(error.orig).splitlines()[0]}. Start it, or correct its "
            "address."
        ) from error
    return engine


def _wait_for_locks(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
