"""The promotion ledger: who put which model in charge, when, on what evidence. It only grows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
)

from newsdesk.printable import one_line
from newsdesk.store.schema import UtcDateTime, metadata

Action = Literal["promote", "rollback"]
MOVED = "moved"  # the decision of other hands, told when it is seen
STRUCK_OUT = "struck out"  # the end of a change that was interrupted and cannot be finished
WAITING = "waiting"  # the decision about a model whose categories a person must agree to
REFUSED = "refused"  # the decision about a model that is good enough for nobody
REGISTERED = "registered"  # the decision where somebody asked that nobody be put in charge
BEGUN = ("promoted", "rolled back")  # written before an alias is moved
_CHANGES = (*BEGUN, MOVED, STRUCK_OUT)
_LOCK = 0x6E657773  # PostgreSQL's key for who writes the ledger

_ledger = Table(
    "promotion_ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("from_version", String),
    Column("to_version", String),
    Column("digest", String),
    Column("reason", String, nullable=False),
    Column("evidence", JSON, nullable=False),
)

# The database itself refuses to change or remove an entry.
_GUARDS: dict[str, list[str]] = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS promotion_ledger_no_{verb} BEFORE {verb} ON promotion_ledger "
        "BEGIN SELECT RAISE(ABORT, 'the promotion ledger only grows'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    + [
        # INSERT OR REPLACE removes a row without any DELETE that a trigger would see.
        "CREATE TRIGGER IF NOT EXISTS promotion_ledger_no_replace BEFORE INSERT ON promotion_ledger "
        "WHEN EXISTS (SELECT 1 FROM promotion_ledger WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'the promotion ledger only grows'); END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION promotion_ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the promotion ledger only grows'; END $$",
        "DROP TRIGGER IF EXISTS promotion_ledger_only_grows ON promotion_ledger",
        "CREATE TRIGGER promotion_ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON promotion_ledger "
        "FOR EACH STATEMENT EXECUTE FUNCTION promotion_ledger_only_grows()",
    ],
}


@dataclass(frozen=True)
class LedgerEntry:
    """One decision. Versions are those of the registered model; `to_version` is None where nothing was registered."""

    at: datetime
    actor: str
    action: Action
    decision: str
    from_version: str | None
    to_version: str | None
    digest: str | None
    reason: str
    evidence: dict[str, Any]

    def readable(self) -> "LedgerEntry":
        """The entry as it is stored: actor and reason in one printable line each."""
        return replace(self, actor=one_line(self.actor) or "unknown", reason=one_line(self.reason))


def guard_ledger(connection: Connection) -> None:
    """Make the ledger refuse changes, whatever a migration did to its table: SQLite drops triggers with a table that
    is made anew.
    """
    if inspect(connection).has_table(_ledger.name):
        for statement in _GUARDS[connection.dialect.name]:
            connection.exec_driver_sql(statement)


def append(store: Engine, entry: LedgerEntry) -> None:
    """Add one entry, durably."""
    with store.begin() as connection:
        _take_lock(connection)
        connection.execute(insert(_ledger).values(**asdict(entry.readable())))


def append_after(store: Engine, length: int, entry: LedgerEntry) -> bool:
    """Add one entry, durably, where the ledger still has `length` of them; whether it was added."""
    values = [literal(value, _ledger.c[name].type).label(name) for name, value in asdict(entry.readable()).items()]
    is_unchanged = select(func.count()).select_from(_ledger).scalar_subquery() == length
    statement = insert(_ledger).from_select([value.name for value in values], select(*values).where(is_unchanged))
    with store.begin() as connection:
        _take_lock(connection)
        # SQLAlchemy forgets how many rows an insertion made, on PostgreSQL, unless it is told to keep it.
        return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


def entries(store: Engine) -> list[LedgerEntry]:
    """All entries, oldest first."""
    columns = [column for column in _ledger.columns if column.name != "id"]
    with store.connect() as connection:
        rows = connection.execute(select(*columns).order_by(_ledger.c.id)).mappings().all()
    return [LedgerEntry(**row) for row in rows]


def count_decisions(store: Engine) -> dict[str, int]:
    """How many entries there are of each decision."""
    query = select(_ledger.c.decision, func.count()).group_by(_ledger.c.decision)
    with store.connect() as connection:
        return dict(connection.execute(query).all())


def waiting_version(store: Engine) -> str | None:
    """The version that waits for a person's yes; None where the newest decision is another. Whatever is decided later
    takes its place, but for what was refused or only registered: neither answers the question."""
    query = select(_ledger.c.decision, _ledger.c.to_version).where(_ledger.c.decision.not_in((REGISTERED, REFUSED)))
    with store.connect() as connection:
        newest = connection.execute(query.order_by(_ledger.c.id.desc()).limit(1)).one_or_none()
    return newest.to_version if newest and newest.decision == WAITING else None


def last_change(history: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """The newest entry that says who is in charge; None where nobody was put in charge yet."""
    return next((entry for entry in reversed(history) if entry.decision in _CHANGES), None)


def decided_datasets(store: Engine) -> set[str]:
    """Versions of the datasets that a model was trained on and decided about, whatever was decided."""
    return {str(entry.evidence["dataset_version"]) for entry in entries(store) if "dataset_version" in entry.evidence}


def predecessor(history: Sequence[LedgerEntry], version: str) -> str | None:
    """The champion before `version` was last promoted; None where there was none."""
    for entry in reversed(history):
        if entry.action == "promote" and entry.decision in _CHANGES and entry.to_version == version:
            return _replaced_version(history, entry)
    return None


def previous(history: Sequence[LedgerEntry]) -> str | None:
    """The version that a rollback goes back to; None where there is none."""
    change = last_change(history)
    if change is None or change.to_version is None:
        return None
    if change.action == "rollback":
        return predecessor(history, change.to_version)
    return _replaced_version(history, change)


def champions(history: Sequence[LedgerEntry]) -> list[str]:
    """Every version that was champion, the latest first."""
    versions = [entry.to_version for entry in reversed(history) if entry.decision in _CHANGES]
    return list(dict.fromkeys(version for version in versions if version))


def _replaced_version(history: Sequence[LedgerEntry], change: LedgerEntry) -> str | None:
    """Whom a change of this history replaced. It does not say where that version, or its alias, was deleted in the
    registry before."""
    if change.from_version is not None:
        return change.from_version
    before = last_change(list(takewhile(lambda entry: entry is not change, history)))
    return before.to_version if before else None


def _take_lock(connection: Connection) -> None:
    """One writer at a time. SQLite has no more than one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
