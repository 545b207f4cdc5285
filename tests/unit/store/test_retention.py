"""What the store lets go of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import new_id
from newsdesk.store.retention import count_old_predictions, remove_old_predictions
from tests.unit.store.rows import feedback, prediction

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_old_predictions_go_but_those_that_editors_spoke_about_stay(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    old, spoken_of, new = (new_id() for _ in range(3))
    long_ago, lately = NOW - timedelta(days=100), NOW - timedelta(days=1)
    insert_predictions(
        store,
        [prediction(id=old, at=long_ago), prediction(id=spoken_of, at=long_ago), prediction(id=new, at=lately)],
    )
    record_feedback(store, feedback(prediction_id=spoken_of))
    limit = NOW - timedelta(days=90)
    assert count_old_predictions(store, limit) == 1
    assert remove_old_predictions(store, limit) == 1
    with store.connect() as connection:
        assert set(connection.execute(text("SELECT id FROM predictions")).scalars()) == {spoken_of, new}
