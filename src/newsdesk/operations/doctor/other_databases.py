"""The databases that are backed up beside the store: MLflow's, Airflow's."""

from collections.abc import Iterator

from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.operations.backup.databases import STORE, databases
from newsdesk.operations.backup.postgresql import PostgresqlDatabase
from newsdesk.operations.doctor.database_tls import check_encryption
from newsdesk.operations.doctor.finding import Finding, from_error, problem
from newsdesk.store.engine import first_line
from newsdesk.store.tls import tls_fix

_PATIENCE = 3  # seconds


def check_other_databases(settings: Settings) -> Iterator[Finding]:
    """In production, whether each is reached, and by TLS."""
    if settings.environment != "production":
        return
    try:
        named_databases = databases(settings)
    except ConfigError as error:
        yield from_error("database", error)
        return
    for named in named_databases:
        if named.name != STORE and isinstance(named.database, PostgresqlDatabase):
            yield from _check(f"The database {named.name}", named.database)


def _check(name: str, database: PostgresqlDatabase) -> Iterator[Finding]:
    url = database.url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, connect_args={"connect_timeout": _PATIENCE}, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield from check_encryption(name, connection)
    except DBAPIError as error:
        fix = tls_fix(str(error.orig)) or "Start PostgreSQL, or correct BACKUP_DATABASES."
        yield problem("database", f"{name} does not answer: {first_line(error, engine)}.", fix)
