"""What the store lets go of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback, record_feedback
from newsdesk.store.feedback_texts import known_text_digests, known_texts, old_text_digests, remove_old_texts
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import new_id, text_digest
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


def test_old_texts_of_feedback_go_and_the_feedback_stays(tmp_path: Path) -> None:
    """Of each text the last word counts, through whichever prediction and by whomever."""
    store, limit = open_store(f"sqlite:///{tmp_path / 'store.db'}"), NOW - timedelta(days=365)
    long_ago, lately = NOW - timedelta(days=400), NOW - timedelta(days=1)
    for name, at in (("old", long_ago), ("again", long_ago), ("again", lately), ("young", lately)):
        record_feedback(store, feedback(at=at, text_digest=text_digest(name), text=name, editor=f"{name} {at}"))
    answered = {
        name: prediction(at=long_ago, text_digest=text_digest(name), text=name) for name in ("a", "b", "nobody")
    }
    insert_predictions(store, list(answered.values()))
    for name, at in (("a", long_ago), ("b", long_ago), ("b", lately)):
        record_feedback(store, feedback(at=at, prediction_id=answered[name].id, editor=f"{name} {at}"))
    before, annotations = set(known_texts(store)), current_feedback(store)

    gone = old_text_digests(store, limit)
    assert gone == {text_digest("old"), text_digest("a")}
    assert set(known_texts(store)) == before
    remove_old_texts(store, limit)
    assert known_text_digests(store) == {digest for digest, _ in before} - gone
    assert current_feedback(store) == annotations
    assert old_text_digests(store, limit) == set()
    with store.connect() as connection:
        texts = connection.execute(text("SELECT text FROM predictions WHERE text IS NOT NULL ORDER BY text")).scalars()
        assert list(texts) == ["b", "nobody"]
