"""The prediction log: what was answered, by which model, how surely and how fast."""

from collections.abc import Sequence
from datetime import UTC
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlalchemy import Column, Engine, Float, Index, Integer, String, Table
from sqlalchemy.exc import DataError, IntegrityError

from newsdesk.store.database import UtcDateTime, metadata
from newsdesk.store.records import PredictionRecord

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
_NAMES = [column.name for column in predictions.columns]
_values = attrgetter(*_NAMES)
_AT = _NAMES.index("at")
_INSERT = f"INSERT INTO predictions ({', '.join(_NAMES)}) VALUES"
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
    marks = f"({', '.join(['?' if is_sqlite else '%s'] * len(_NAMES))})"
    with store.begin() as connection:
        for start in range(0, len(records), _AT_ONCE):
            some = records[start : start + _AT_ONCE]
            statement = f"{_INSERT} {', '.join([marks] * len(some))} ON CONFLICT (id) DO NOTHING"
            values = tuple(chain.from_iterable(_row(record, is_sqlite) for record in some))
            connection.exec_driver_sql(statement, values)


def _row(record: PredictionRecord, is_sqlite: bool) -> list[Any]:
    values = list(_values(record))
    moment = record.at.astimezone(UTC)
    # As `UtcDateTime` would write it: SQLite has no type for moments, SQLAlchemy keeps them as text.
    values[_AT] = moment.replace(tzinfo=None).isoformat(" ", "microseconds") if is_sqlite else moment
    return values
