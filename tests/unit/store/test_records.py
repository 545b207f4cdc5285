import json
import subprocess
import sys
from datetime import timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.store.records import (
    Feedback,
    InvalidFeedback,
    PredictionRecord,
    as_json,
    feedback_from_json,
    prediction_from_json,
    text_digest,
)
from tests.unit.store.rows import feedback, prediction

zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.datetimes(timezones=zones)
words = st.text(max_size=20)
storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(st.builds(prediction, at=moments, category=words, confidence=st.floats(0, 1), text=st.none() | words))
def test_a_prediction_comes_back_from_json_as_it_was(record: PredictionRecord) -> None:
    assert prediction_from_json(json.loads(json.dumps(as_json(record)))) == record


@given(st.builds(feedback, at=moments, category=storable, key=st.none() | storable))
def test_feedback_comes_back_from_json_as_it_was(said: Feedback) -> None:
    assert feedback_from_json(json.loads(json.dumps(as_json(said)))) == said


def test_a_text_is_known_by_the_sha256_of_its_utf8() -> None:
    assert text_digest("Küche") == sha256("Küche".encode()).hexdigest()


@given(st.text(st.characters()))
def test_any_text_has_a_digest(text: str) -> None:
    assert len(text_digest(text)) == 64


def test_feedback_speaks_about_its_prediction_before_its_text() -> None:
    assert feedback(prediction_id="p", text_digest="t").subject == "prediction:p"
    assert feedback(text_digest="t").subject == "text:t"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"text_digest": None}, "names neither a prediction nor a text"),
        ({"text_digest": ""}, "names neither a prediction nor a text"),
        ({"category": "x" * 201}, "The category of the feedback has more than 200 characters"),
        ({"prediction_id": "x" * 37}, "The prediction_id of the feedback has more than 36 characters"),
        ({"text": "a\0b"}, "The text of the feedback has a character that is no text"),
        ({"key": "\ud800"}, "The key of the feedback has a character that is no text"),
    ],
)
def test_feedback_that_no_store_could_keep_is_refused_without_an_echo(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidFeedback) as refused:
        feedback(**changes)
    assert str(refused.value).startswith(complaint) or complaint in str(refused.value)
    assert not any(value and value in str(refused.value) for value in changes.values())


def test_making_records_loads_no_database_library() -> None:
    script = (
        "import sys, newsdesk.store.records, newsdesk.store.spool, newsdesk.store.connection\n"
        "assert not any(name.partition('.')[0] in {'sqlalchemy', 'sqlite3', 'psycopg'} for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
