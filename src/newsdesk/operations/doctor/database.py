"""Whether the store answers, is sound, and has this version's tables."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.operations.doctor.clock import skew
from newsdesk.operations.doctor.finding import Finding, fine, problem, warning
from newsdesk.store.status import read_status

_PATIENCE = 3  # seconds


def check_store(address: str) -> Iterator[Finding]:
    """The store at a SQLAlchemy address."""
    try:
        url = make_url(address)
    except ArgumentError:
        yield problem("database", "NEWSDESK_DATABASE_URL is no address.", "Give sqlite:///FILE or postgresql://….")
        return
    yield from _check_sqlite(Path(url.database or "")) if url.get_backend_name() == "sqlite" else _check_server(url)


def _check_sqlite(file: Path) -> Iterator[Finding]:
    if not file.is_file():
        yield fine("database", f"There is no store yet: the first command makes {file}.")
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as database:
            verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict == "ok":
        yield fine("database", f"The store {file} is sound.")
        yield from _check_revision(sqlite_address(file))
    else:
        yield problem(
            "database",
            f"The store {file} is damaged or cannot be read: {verdict}.",
            "Restore the newest backup: newsdesk restore ARCHIVE --yes.",
        )


def _check_server(url: URL) -> Iterator[Finding]:
    where = url.render_as_string(hide_password=True)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(url, connect_args={"connect_timeout": _PATIENCE})
        with engine.connect() as connection:
            version, now = connection.execute(text("SELECT current_setting('server_version'), now()")).one()
        engine.dispose()
    except (DBAPIError, ArgumentError, ImportError) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
        yield problem(
            "database",
            f"The store at {where} does not answer: {(said or ['no reason given'])[0]}.",
            "Start PostgreSQL, or correct NEWSDESK_DATABASE_URL.",
        )
        return
    yield fine("database", f"The store at {where} answers: PostgreSQL {version.split()[0]}.")
    yield from skew("PostgreSQL", now, datetime.now(UTC))
    yield from _check_revision(url.render_as_string(hide_password=False))


def _check_revision(address: str) -> Iterator[Finding]:
    """Nothing where it is the newest, or one that a newer version made."""
    status = read_status(address)
    if status.condition == "behind":
        at = f"revision {status.revision}" if status.revision else "no revision"
        sentence = f"The store is at {at}, and this version needs {status.newest}."
        yield warning("database", sentence, "Run: newsdesk store migrate.")
