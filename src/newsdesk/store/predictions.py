"""The prediction log: what was answered, by which model, how surely and how fast."""

from collections.abc import Sequence

from sqlalchemy import Column, Engine, Float, Integer, String, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.sql.dml import Insert

from newsdesk.store.database import UtcDateTime, metadata
from newsdesk.store.records import PredictionRecord, as_row

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
    Column("text_digest", String(64), nullable=False, index=True),
    Column("known_share", Float),
    Column("language", String),
    Column("caller", String),
    Column("arm", String),
    Column("pair_id", String(36), index=True),
    Column("duration_ms", Float, nullable=False),
    Column("text", String),
)


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
    if records:
        with store.begin() as connection:
            connection.execute(_insert_new(store), [as_row(record) for record in records])


def _insert_new(store: Engine) -> Insert:
    if store.dialect.name == "postgresql":
        return postgresql.insert(predictions).on_conflict_do_nothing(index_elements=["id"])
    return sqlite.insert(predictions).on_conflict_do_nothing(index_elements=["id"])
