"""Scan the prediction log, fast and in bounded memory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine

_AT_ONCE = 10_000  # rows
_COLUMNS = (
    "digest",
    "model_version",
    "arm",
    "category",
    "confidence",
    "text_length",
    "text_digest",
    "known_share",
    "language",
    "terms",
)


class PredictionColumns(NamedTuple):
    """Some predictions, column by column, each a tuple of the same length. What was not taken is None."""

    digest: tuple[str, ...]
    model_version: tuple[str, ...]
    arm: tuple[str | None, ...]
    category: tuple[str, ...]
    confidence: tuple[float, ...]
    text_length: tuple[int, ...]
    text_digest: tuple[str, ...]
    known_share: tuple[float | None, ...]
    language: tuple[str | None, ...]
    terms: tuple[str | None, ...]


def scan(store: Engine, begin: datetime, end: datetime) -> Iterator[PredictionColumns]:
    """The predictions from `begin` up to, not including, `end`.

    Straight from the driver: a million rows through SQLAlchemy's types would take several times as long.
    """
    is_sqlite = store.dialect.name == "sqlite"
    placeholder = "?" if is_sqlite else "%s"
    statement = f"SELECT {', '.join(_COLUMNS)} FROM predictions WHERE at >= {placeholder} AND at < {placeholder}"  # noqa: S608
    period = tuple(_to_database(moment, is_sqlite) for moment in (begin, end))
    with store.connect().execution_options(yield_per=_AT_ONCE) as connection:
        result = connection.exec_driver_sql(statement, period)
        while rows := result.fetchmany(_AT_ONCE):
            yield PredictionColumns(*zip(*rows, strict=True))


def _to_database(moment: datetime, is_sqlite: bool) -> Any:
    """The value as `UtcDateTime` writes it."""
    moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if is_sqlite else moment
