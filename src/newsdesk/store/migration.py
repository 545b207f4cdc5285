"""Migrate the store from one revision to another: completely or not at all, one process at a time."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from alembic import command
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from newsdesk.errors import UsageError
from newsdesk.store.engine import first_line, masked_address, store_engine
from newsdesk.store.ledger import guard_ledger
from newsdesk.store.records import StoreError
from newsdesk.store.revisions import FOLDER, Revision, alembic_config, revisions
from newsdesk.store.schema_revision import read_schema_revision
from newsdesk.store.tls import tls_fix

NOTHING = "base"  # Alembic's name for a database without our tables

# Whoever migrates waits for others only briefly at a time: behind one who waits for a table of PostgreSQL, all who
# come later must wait, too, even to read.
_LOCK_STATEMENTS = {
    "sqlite": ["BEGIN IMMEDIATE"],
    "postgresql": ["SET LOCAL lock_timeout = '3s'", "SELECT pg_advisory_xact_lock(7202604)"],
}
_PATIENCE = 600  # seconds
_PAUSE = 0.5  # seconds for those who were held up
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code of an error
_alembic_lock = Lock()  # what Alembic calls `op` and `context` there is once in a process


@dataclass(frozen=True)
class MigrationResult:
    """The way that was gone, None being a database without revision; `steps` in the order in which they were taken."""

    before: str | None
    after: str | None
    steps: list[str]


def run_migration(
    address: str, to: str | None = None, *, may_lose: bool = False, folder: Path = FOLDER
) -> MigrationResult:
    """`migrate` the store at an address, as a separate job that can wait longer for other processes."""
    engine = store_engine(address)
    try:
        return migrate(engine, to, may_lose=may_lose, patience=_PATIENCE, folder=folder)
    finally:
        engine.dispose()


def migrate(
    engine: Engine, to: str | None = None, *, may_lose: bool = False, patience: float = 10, folder: Path = FOLDER
) -> MigrationResult:
    """Bring the store to a revision, by default up to the newest; where it is there, or beyond the newest, do nothing.

    Of several at once one does it, and the others wait for up to `patience` seconds and find nothing to do. Raises
    `UsageError` where there is no such revision or the way down removes what is not to be lost, and `StoreError`.
    """
    known = revisions(folder)
    if to is not None and to not in {NOTHING, *(step.id for step in known)}:
        names = ", ".join([NOTHING, *(step.id for step in known)])
        raise UsageError(f"The store has no revision {to}. There are: {names}.")
    deadline = time.monotonic() + patience
    while True:
        try:
            with exclusive_transaction(engine) as connection:
                return _migrate(connection, known, to, may_lose, folder)
        except DBAPIError as error:
            if not _is_locked(error) or time.monotonic() > deadline:
                message = first_line(error, engine)
                raise StoreError(
                    f"The store at {masked_address(engine)} was not migrated: {message}. Nothing in it was changed. "
                    f"{tls_fix(str(error.orig)) or 'Remove the cause, then run: newsdesk store migrate.'}"
                ) from error
        time.sleep(_PAUSE)


def upgrade_to_head(connection: Connection) -> None:
    """The same up to the newest revision, within a transaction of `exclusive_transaction`."""
    _migrate(connection, revisions(), None, may_lose=False, folder=FOLDER)


@contextmanager
def exclusive_transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction during which no other process changes the tables."""
    with _alembic_lock, engine.begin() as connection:
        for statement in _LOCK_STATEMENTS[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        yield connection


def _migrate(
    connection: Connection, known: list[Revision], to: str | None, may_lose: bool, folder: Path
) -> MigrationResult:
    before = read_schema_revision(connection).revision
    current, target = before or "", known[-1].id if to is None else "" if to == NOTHING else to
    if current == target or (to is None and current > target):
        return MigrationResult(before, before, [])
    if current > known[-1].id:
        raise UsageError(
            f"The store is at revision {current}, which this version of Newsdesk does not know. Go back from it with "
            "the version that brought it there."
        )
    upgrades = [step for step in known if current < step.id <= target]
    downgrades = [step for step in reversed(known) if target < step.id <= current]
    _require_consent(downgrades, may_lose)
    config = alembic_config(folder)
    config.attributes["connection"] = connection
    if upgrades:
        command.upgrade(config, target)
    else:
        command.downgrade(config, target or NOTHING)
    guard_ledger(connection)
    return MigrationResult(before, target or None, [step.id for step in upgrades or downgrades])


def _require_consent(downgrades: list[Revision], may_lose: bool) -> None:
    lost = "; ".join(step.loses for step in downgrades if step.loses)
    if lost and not may_lose:
        raise UsageError(f"Going back would remove {lost}. Make a backup, then add --yes.")


def _is_locked(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE
