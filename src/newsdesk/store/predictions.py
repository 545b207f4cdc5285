"""The prediction log: each answer, with its model, confidence and duration."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Column, Engine, Float, Index, Integer, String, Table, select
from sqlalchemy.exc import DataError, IntegrityError

from newsdesk.store.records import PredictionRecord
from newsdesk.store.schema import UtcDateTime, metadata

# What a database says of a row that it will never take; of everything else it may be rid tomorrow.
REFUSALS = (DataError, IntegrityError, ValueError)

predictions = Table(
    "predictions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("model_version", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("category", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("text_length", Integer, nullable=False),
    Column("text_digest", String(64), nullable=False),  # no index: it would cost more than all the rest of a row
    Column("known_share", Float),
    Column("language", String),
    Column("caller", String),
    Column("arm", String),
    Column("pair_id", String(36)),
    Column("duration_ms", Float, nullable=False),
    Column("text", String),
    Column("terms", String),
)
Index(
    "ix_predictions_pair_id",
    predictions.c.pair_id,
    sqlite_where=predictions.c.pair_id.is_not(None),
    postgresql_where=predictions.c.pair_id.is_not(None),
)
_INSERT = f"INSERT INTO predictions ({', '.join(PredictionRecord._fields)}) VALUES"
_AT = PredictionRecord._fields.index("at")
_MOMENT = len("2026-01-02 03:04:05.000006")
_AT_ONCE = 1000  # rows in one statement: of 16 values each, within the 32,766 that SQLite takes


def insert_predictions(store: Engine, records: Sequence[PredictionRecord]) -> int:
    """Add records, durably, those that are there already left as they are; how many the database refused for good."""
    try:
        _insert(store, records)
    except REFUSALS:
        if len(records) > 1:
            return sum(insert_predictions(store, [record]) for record in records)
        return len(records)
    return 0


def _insert(store: Engine, records: Sequence[PredictionRecord]) -> None:
    """Straight to the driver, many rows in one statement: thousands a second come here from beside the requests, which
    must wait for every step of Python, and need not wait for a step of SQLite's.
    """
    is_sqlite = store.dialect.name == "sqlite"
    with store.begin() as connection:
        for start in range(0, len(records), _AT_ONCE):
            batch = records[start : start + _AT_ONCE]
            connection.exec_driver_sql(_statement(len(batch), is_sqlite), _flatten(batch, is_sqlite))


class LoggedPrediction(NamedTuple):
    """The prediction for a text."""

    text_digest: str
    category: str
    confidence: float


def newest_predictions(store: Engine, digest: str, until: datetime, limit: int) -> list[LoggedPrediction]:
    """At most `limit` answers of the model with this bundle, up to a moment, without the shadow's, newest first."""
    query = (
        select(predictions.c.text_digest, predictions.c.category, predictions.c.confidence)
        .where(predictions.c.at <= until, predictions.c.digest == digest)
        .where(predictions.c.arm.is_(None) | (predictions.c.arm != "shadow"))
        .order_by(predictions.c.at.desc(), predictions.c.id)
        .limit(limit)
    )
    with store.connect() as connection:
        return [LoggedPrediction._make(row) for row in connection.execute(query)]


@cache
def _statement(rows: int, is_sqlite: bool) -> str:
    placeholders = f"({', '.join(['?' if is_sqlite else '%s'] * len(PredictionRecord._fields))})"
    return f"{_INSERT} {', '.join([placeholders] * rows)} ON CONFLICT (id) DO NOTHING"


def _flatten(records: Sequence[PredictionRecord], is_sqlite: bool) -> tuple[Any, ...]:
    if not is_sqlite:
        return tuple(chain.from_iterable(records))
    values: list[Any] = []
    for record in records:
        moment = record.at if record.at.tzinfo is UTC else record.at.astimezone(UTC)
        values += record
        # As `UtcDateTime` would write it: SQLite has no type for moments, SQLAlchemy keeps them as text, without zone.
        values[_AT - len(record)] = moment.isoformat(" ", "microseconds")[:_MOMENT]
    return tuple(values)
