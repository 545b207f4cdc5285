from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from newsdesk.store.feedback import Annotation, current_feedback, record_feedback, replay_feedback
from newsdesk.store.feedback_texts import known_texts
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Feedback, FeedbackConflict, FeedbackReceipt, TextMismatch, text_digest
from tests.unit.store.rows import NOON, feedback, prediction, said, store_in

LAKERS = text_digest("Lakers win the championship")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def revisions(store: Engine) -> list[tuple[int, str]]:
    with store.connect() as connection:
        rows = connection.execute(text("SELECT revision, category FROM feedback ORDER BY revision, editor")).all()
    return [(revision, category) for revision, category in rows]


def minutes_later(minutes: int, **changes: str) -> Feedback:
    return feedback(at=NOON + timedelta(minutes=minutes), **changes)


def test_feedback_about_a_text_is_created_and_counts(store: Engine) -> None:
    given = feedback()
    assert record_feedback(store, given) == FeedbackReceipt(given.id, "created")
    assert said(store) == [(LAKERS, "Ruth", "sport")]


def test_feedback_about_a_prediction_counts_for_its_text(store: Engine) -> None:
    answer = prediction()
    insert_predictions(store, [answer])
    record_feedback(store, feedback(prediction_id=answer.id, category="politics"))
    assert said(store) == [(LAKERS, "Ruth", "politics")]


def test_feedback_about_a_prediction_that_is_not_in_the_log_is_kept_but_does_not_count(store: Engine) -> None:
    assert record_feedback(store, feedback(prediction_id="lost")).status == "created"
    assert said(store) == []
    insert_predictions(store, [prediction(id="lost")])
    assert said(store) == [(LAKERS, "Ruth", "sport")]


def test_a_text_must_be_the_one_that_the_prediction_was_made_of(store: Engine) -> None:
    answer = prediction()
    insert_predictions(store, [answer])
    both = {"prediction_id": answer.id, "text": "Lakers win", "text_digest": text_digest("Lakers win")}
    with pytest.raises(TextMismatch):
        record_feedback(store, feedback(**both))
    assert said(store) == []


@pytest.mark.parametrize("is_same", [True, False])
def test_a_text_whose_prediction_comes_later_is_held_against_it_then(is_same: bool, store: Engine) -> None:
    text = "Lakers win the championship" if is_same else "Lakers win"
    record_feedback(store, feedback(prediction_id="late", text=text, text_digest=text_digest(text)))
    insert_predictions(store, [prediction(id="late", category="politics", text="Lakers win the championship")])
    (annotation,) = current_feedback(store)
    assert (annotation.text_digest, annotation.predicted) == (text_digest(text), "politics" if is_same else None)
    assert dict(known_texts(store)) == {text_digest(text): text}


def test_what_was_acknowledged_of_another_text_is_taken_for_that_text(store: Engine) -> None:
    answer = prediction()
    insert_predictions(store, [answer])
    both = {"prediction_id": answer.id, "text": "Lakers win", "text_digest": text_digest("Lakers win")}
    replay_feedback(store, feedback(**both))
    assert said(store) == [(text_digest("Lakers win"), "Ruth", "sport")]


def test_the_same_again_with_the_text_that_was_missing_is_new(store: Engine) -> None:
    answer = prediction()
    insert_predictions(store, [answer])
    text = {"text": "Lakers win the championship", "text_digest": LAKERS}
    alone = record_feedback(store, feedback(prediction_id=answer.id))
    whole = record_feedback(store, minutes_later(1, prediction_id=answer.id, **text))
    again = record_feedback(store, minutes_later(2, prediction_id=answer.id, **text))
    assert [(one.status, one.text_is_kept) for one in (alone, whole, again)] == [
        ("created", False),
        ("created", True),
        ("unchanged", True),
    ]
    assert dict(known_texts(store)) == {LAKERS: "Lakers win the championship"}


def test_the_right_text_after_another_that_came_before_the_log_is_kept_and_teaches(store: Engine) -> None:
    other, right = text_digest("Lakers win"), "Lakers win the championship"
    record_feedback(store, feedback(prediction_id="late", text="Lakers win", text_digest=other))
    insert_predictions(store, [prediction(id="late", text=right)])
    corrected = record_feedback(store, minutes_later(1, prediction_id="late", text=right, text_digest=LAKERS))
    assert (corrected.status, corrected.text_is_kept) == ("created", True)
    assert dict(known_texts(store))[LAKERS] == right
    assert (LAKERS, "Ruth", "sport") in said(store)


def test_it_is_told_whether_prediction_and_text_are_known(store: Engine) -> None:
    kept, not_kept = prediction(text="Lakers win the championship"), prediction(text_digest="b")
    insert_predictions(store, [kept, not_kept])
    found = [
        record_feedback(store, feedback(**about))
        for about in (
            {"prediction_id": kept.id},
            {"prediction_id": not_kept.id},
            {"prediction_id": "unknown"},
            {"text_digest": "c"},
            {"text_digest": "c", "text": "Shares fall", "editor": "Jo"},
            {"text_digest": "c", "editor": "Eve"},
        )
    ]
    assert [(one.prediction_is_logged, one.text_is_kept) for one in found] == [
        (True, True),
        (True, False),
        (False, False),
        (None, False),
        (None, True),
        (None, True),
    ]


def test_the_same_again_changes_nothing(store: Engine) -> None:
    first = feedback()
    record_feedback(store, first)
    assert record_feedback(store, minutes_later(1)) == FeedbackReceipt(first.id, "unchanged")
    assert revisions(store) == [(1, "sport")]


def test_a_change_of_mind_is_kept_beside_what_was_said_before_and_counts(store: Engine) -> None:
    for minute, category in enumerate(["sport", "politics", "sport"]):
        assert record_feedback(store, minutes_later(minute, category=category)).status == "created"
    assert revisions(store) == [(1, "sport"), (2, "politics"), (3, "sport")]
    assert said(store) == [(LAKERS, "Ruth", "sport")]


@pytest.mark.parametrize("kept", ["sport ", "\u00a0sport", "\tsport\r\n"], ids=ascii)
def test_blanks_that_an_earlier_version_kept_around_a_category_do_not_count(kept: str, store: Engine) -> None:
    first = feedback(category=kept)
    record_feedback(store, first)
    assert said(store) == [(LAKERS, "Ruth", "sport")]
    assert record_feedback(store, minutes_later(1)) == FeedbackReceipt(first.id, "unchanged")


def test_a_key_that_came_with_blanks_before_comes_with_the_same_feedback_without(store: Engine) -> None:
    first = feedback(category="sport ", key="k")
    record_feedback(store, first)
    assert record_feedback(store, minutes_later(1, key="k")) == FeedbackReceipt(first.id, "unchanged")


@pytest.mark.parametrize("kept", ["   ", "spo\nrt"], ids=ascii)
def test_what_is_no_category_though_an_earlier_version_kept_it_says_nothing(kept: str, store: Engine) -> None:
    record_feedback(store, feedback())
    record_feedback(store, minutes_later(1, category=kept))
    assert said(store) == [(LAKERS, "Ruth", "sport")]


def test_editors_speak_for_themselves(store: Engine) -> None:
    record_feedback(store, feedback(editor="Ruth"))
    assert record_feedback(store, feedback(editor="Jo", category="politics")).status == "created"
    assert said(store) == [(LAKERS, "Jo", "politics"), (LAKERS, "Ruth", "sport")]


def test_an_editor_who_speaks_about_a_prediction_and_its_text_has_one_vote_the_later(store: Engine) -> None:
    answer = prediction()
    insert_predictions(store, [answer])
    record_feedback(store, minutes_later(1, category="politics"))
    record_feedback(store, feedback(prediction_id=answer.id, category="sport"))
    assert said(store) == [(LAKERS, "Ruth", "politics")]


def test_an_editor_is_known_by_name_and_caller(store: Engine) -> None:
    record_feedback(store, feedback(caller="newsroom"))
    for minute, category in enumerate(["sport", "politics"], start=1):  # the same word at first, then another
        assert record_feedback(store, minutes_later(minute, category=category, caller="stolen")).status == "created"
    assert said(store) == [(LAKERS, "Ruth", "politics"), (LAKERS, "Ruth", "sport")]
    assert record_feedback(store, minutes_later(3, caller="newsroom")).status == "unchanged"
    assert revisions(store) == [(1, "sport"), (2, "sport"), (3, "politics")]


def test_a_vote_tells_when_it_was_given_by_whose_key_and_what_the_model_had_said(store: Engine) -> None:
    answer = prediction(category="business", confidence=0.9)
    insert_predictions(store, [answer])
    record_feedback(store, feedback(prediction_id=answer.id, caller="newsroom"))
    record_feedback(store, minutes_later(5, editor="Jo"))
    assert sorted(current_feedback(store)) == [
        Annotation(LAKERS, "Jo", "sport", NOON + timedelta(minutes=5)),
        Annotation(LAKERS, "Ruth", "sport", NOON, "newsroom", "business", 0.9, answer.digest, NOON),
    ]


def test_texts_are_known_where_feedback_or_its_prediction_kept_them(store: Engine) -> None:
    kept, not_kept = prediction(text="Lakers win the championship"), prediction(text_digest="b")
    insert_predictions(store, [kept, not_kept])
    for answer in (kept, not_kept):
        record_feedback(store, feedback(prediction_id=answer.id))
    record_feedback(store, feedback(text_digest="c", text="Shares fall"))
    record_feedback(store, feedback(text_digest="d"))
    assert dict(known_texts(store)) == {LAKERS: "Lakers win the championship", "c": "Shares fall"}


def test_a_key_again_gives_the_first_row_however_often_the_editor_has_changed_their_mind(store: Engine) -> None:
    first = feedback(key="k1")
    record_feedback(store, first)
    record_feedback(store, minutes_later(1, category="politics"))
    assert record_feedback(store, minutes_later(2, key="k1")) == FeedbackReceipt(first.id, "unchanged")
    assert said(store) == [(LAKERS, "Ruth", "politics")]


@pytest.mark.parametrize("other", [{"category": "politics"}, {"text_digest": "another"}])
def test_a_key_with_something_else_is_a_conflict(store: Engine, other: dict[str, str]) -> None:
    record_feedback(store, feedback(key="k1"))
    with pytest.raises(FeedbackConflict, match="Send a new key"):
        record_feedback(store, feedback(key="k1", **other))
    assert revisions(store) == [(1, "sport")]


def test_editors_do_not_share_their_keys(store: Engine) -> None:
    record_feedback(store, feedback(key="k1"))
    assert record_feedback(store, feedback(key="k1", editor="Jo", category="politics")).status == "created"


def test_feedback_that_was_acknowledged_is_kept_even_if_its_key_turns_out_to_be_taken(store: Engine) -> None:
    record_feedback(store, feedback(key="k1"))
    late = minutes_later(1, key="k1", category="politics")
    for _ in range(2):
        replay_feedback(store, late)
    assert revisions(store) == [(1, "sport"), (2, "politics")]


def test_what_was_said_last_counts_even_if_something_older_arrives_after_it(store: Engine) -> None:
    record_feedback(store, minutes_later(0, category="sport"))
    record_feedback(store, minutes_later(2, category="sport"))  # changes nothing, but was said after the next
    replay_feedback(store, minutes_later(1, category="politics"))
    assert revisions(store) == [(1, "sport"), (2, "politics")]
    assert said(store) == [(LAKERS, "Ruth", "sport")]


categories = st.sampled_from(["sport", "politics"])


@settings(max_examples=25, deadline=None)
@given(words=st.lists(categories, min_size=1, max_size=6), data=st.data())
def test_the_last_word_counts_in_whatever_order_and_however_often_it_arrives(
    words: list[str], data: st.DataObject
) -> None:
    requests = [minutes_later(minute, category=category) for minute, category in enumerate(words)]
    arrivals = data.draw(st.permutations(requests * 2))
    with TemporaryDirectory() as folder, store_in(Path(folder)) as store:
        for request in arrivals:
            replay_feedback(store, request)
        assert said(store) == [(LAKERS, "Ruth", words[-1])]


def test_requests_at_once_lose_nothing_and_keep_one_row_for_a_key(store: Engine) -> None:
    requests = [feedback(key="k1") for _ in range(8)] + [feedback(key=f"key {n}") for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        recorded = list(threads.map(lambda request: record_feedback(store, request), requests))
    assert len({answer.id for answer in recorded[:8]}) == 1
    assert sorted(revision for revision, _ in revisions(store)) == list(range(1, 10))
