"""Let go of what is too old to be needed. The promotion ledger is never touched, and of feedback only its texts are:
see `feedback_texts`."""

from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, func, select

from newsdesk.store import feedback, windows  # noqa: F401 - so that their tables are known
from newsdesk.store.predictions import predictions
from newsdesk.store.schema import metadata

_feedback = metadata.tables["feedback"]
_windows = metadata.tables["monitoring_windows"]
_AT_ONCE = 5_000  # rows in one transaction: servers write meanwhile


def count_old_predictions(store: Engine, before: datetime) -> int:
    """How many `remove_old_predictions` would remove."""
    with store.connect() as connection:
        query = select(func.count()).select_from(predictions).where(_is_old(before))
        return connection.execute(query).scalar_one()


def remove_old_predictions(store: Engine, before: datetime) -> int:
    """Remove predictions that nobody gave feedback on; how many it were. Killed, it can simply be run again."""
    removed = 0
    while True:
        with store.begin() as connection:
            batch = select(predictions.c.id).where(_is_old(before)).limit(_AT_ONCE)
            deleted = connection.execute(delete(predictions).where(predictions.c.id.in_(batch))).rowcount
        removed += deleted
        if deleted < _AT_ONCE:
            return removed


def count_old_windows(store: Engine, before: datetime) -> int:
    """How many `remove_old_windows` would remove."""
    with store.connect() as connection:
        query = select(func.count()).select_from(_windows).where(_windows.c.start < before)
        return connection.execute(query).scalar_one()


def remove_old_windows(store: Engine, before: datetime) -> int:
    """Remove what monitoring found in windows that began before; how many it were."""
    with store.begin() as connection:
        return connection.execute(delete(_windows).where(_windows.c.start < before)).rowcount


def _is_old(before: datetime) -> ColumnElement[bool]:
    has_feedback = select(_feedback.c.id).where(_feedback.c.prediction_id == predictions.c.id).exists()
    return (predictions.c.at < before) & ~has_feedback
