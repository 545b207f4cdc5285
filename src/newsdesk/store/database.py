"""Open the store."""

from sqlalchemy import Engine

from newsdesk.errors import NewsdeskError
from newsdesk.store.engine import database_errors, masked_address, store_engine
from newsdesk.store.records import StoreOutdated
from newsdesk.store.schema_revision import NEWEST, read_schema_revision


def open_store(address: str, *, keep_open: bool = False) -> Engine:
    """The store at a SQLAlchemy address, with all its tables: an empty one is set up, a SQLite file brought up to date.

    Raises `ConfigError`, `StoreError`; `StoreOutdated` where a PostgreSQL must be migrated first.
    With `keep_open` whoever opens a SQLite file gets connections that stay open, and must dispose of the engine.
    """
    engine = store_engine(address, keep_open=keep_open)
    try:
        _require_revision(engine)
    except NewsdeskError:
        engine.dispose()
        raise
    return engine


def _require_revision(engine: Engine) -> None:
    """A store that is newer than this version is as good: revisions only add while an older version may serve."""
    with database_errors(engine), engine.connect() as connection:
        schema = read_schema_revision(connection)
    if schema.revision is not None and schema.revision >= NEWEST:
        return
    if engine.dialect.name == "postgresql" and not schema.is_empty:
        at = f"at revision {schema.revision}" if schema.revision else "older than its first revision"
        raise StoreOutdated(
            f"The store at {masked_address(engine)} is {at}, and this version of Newsdesk needs revision {NEWEST}. "
            "Run: newsdesk store migrate."
        )
    from newsdesk.store.migration import migrate  # loads Alembic, which a store that is up to date never needs

    migrate(engine)
