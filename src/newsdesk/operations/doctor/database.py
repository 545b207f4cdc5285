"""Check that the store answers, is undamaged, and has this version's tables."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.operations.doctor.clock import skew
from newsdesk.operations.doctor.database_tls import check_encryption, check_server_certificate
from newsdesk.operations.doctor.finding import Finding, fine, problem, warning
from newsdesk.redaction import redact, redact_address, secrets_in
from newsdesk.store.migration_status import read_status
from newsdesk.store.tls import tls_fix

_PATIENCE = 3  # seconds


def check_store(address: str, *, in_production: bool = False) -> Iterator[Finding]:
    """The store at a SQLAlchemy address; in production also whether it is reached by TLS."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        yield problem("database", "NEWSDESK_DATABASE_URL is no address.", "Give sqlite:///FILE or postgresql://….")
        return
    if url.get_backend_name() == "sqlite":
        yield from _check_sqlite(Path(url.database or ""))
    else:
        yield from _check_server(url, in_production)


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


def _check_server(url: URL, in_production: bool) -> Iterator[Finding]:
    address = url.render_as_string(hide_password=False)
    shown_address = redact_address(address)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(url, connect_args={"connect_timeout": _PATIENCE}, poolclass=NullPool)
        with engine.connect() as connection:
            version, now = connection.execute(text("SELECT current_setting('server_version'), now()")).one()
            encryption = list(check_encryption("The store", connection)) if in_production else []
    except (DBAPIError, ArgumentError, ImportError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        message = redact(reason, secrets_in(address)).strip()
        yield problem(
            "database",
            f"The store at {shown_address} does not answer: {(message.splitlines() or ['no reason given'])[0]}.",
            tls_fix(message) or "Start PostgreSQL, or correct NEWSDESK_DATABASE_URL.",
        )
        if "certificate" in message:
            yield from _check_expired(url)
        return
    yield fine("database", f"The store at {shown_address} answers: PostgreSQL {version.split()[0]}.")
    yield from encryption
    if in_production:
        yield from check_server_certificate(url, datetime.now(UTC), _PATIENCE)
    yield from skew("PostgreSQL", now, datetime.now(UTC))
    yield from _check_revision(url.render_as_string(hide_password=False))


def _check_expired(url: URL) -> Iterator[Finding]:
    """A certificate that is not good any more is refused with the same words as a wrong one."""
    findings = check_server_certificate(url, datetime.now(UTC), _PATIENCE)
    yield from (finding for finding in findings if finding.level == "problem")


def _check_revision(address: str) -> Iterator[Finding]:
    """Nothing where it is the newest, or one that a newer version made."""
    status = read_status(address)
    if status.condition == "behind":
        revision = f"revision {status.revision}" if status.revision else "no revision"
        sentence = f"The store is at {revision}, and this version needs {status.newest}."
        yield warning("database", sentence, "Run: newsdesk store migrate.")
