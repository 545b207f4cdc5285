"""Windows of a real prediction log."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from newsdesk.monitoring.windows import MOST_SAMPLED, AnswerSource, count_window, window_starts
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Arm, PredictionRecord, text_digest
from tests.unit.store.rows import NOON, prediction, store_in

HOUR = 3600
ALONE = AnswerSource("sha256:ab", "1", "")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def answers(count: int, **changes: Any) -> list[PredictionRecord]:
    """Answers to different texts, a millisecond apart."""
    return [
        prediction(**({"at": NOON + timedelta(milliseconds=i), "text_digest": text_digest(f"{changes} {i}")} | changes))
        for i in range(count)
    ]


def test_windows_are_whole_hours_of_utc_up_to_the_one_that_is_now() -> None:
    now = datetime(2026, 3, 4, 12, 59, 59, tzinfo=UTC)
    assert window_starts(now, HOUR, 3) == [NOON - timedelta(hours=2), NOON - timedelta(hours=1), NOON]
    assert window_starts(NOON, 86400, 1) == [NOON.replace(hour=0)]


def test_a_window_takes_what_was_answered_from_its_start_up_to_its_end(store: Engine) -> None:
    edges = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(hours=1) - timedelta(microseconds=1)]
    moments = [*edges, NOON + timedelta(hours=1)]
    insert_predictions(store, [prediction(at=at, text_digest=text_digest(str(at))) for at in moments])
    assert count_window(store, NOON, HOUR, set())[ALONE].tally.predictions == 2


def test_an_empty_window_has_no_source(store: Engine) -> None:
    assert count_window(store, NOON, HOUR, set()) == {}


def test_a_text_counts_once_however_often_it_is_sent(store: Engine) -> None:
    insert_predictions(store, [prediction(category="sport") for _ in range(30)] + answers(2, category="world"))
    tally = count_window(store, NOON, HOUR, set())[ALONE].tally
    assert (tally.predictions, tally.texts) == (32, 3)
    assert tally.categories == Counter(sport=1, world=2)
    assert sum(tally.confidence) == sum(tally.text_length) == 3


@pytest.mark.parametrize(("before", "after"), [(None, "champion"), ("champion", None), (None, "challenger")])
def test_a_text_counts_once_for_a_model_where_an_experiment_begins_or_ends(
    before: Arm | None, after: Arm | None, store: Engine
) -> None:
    looked_at = {"known_share": 0.5, "language": "en", "terms": ""}
    texts = [text_digest(str(number)) for number in range(4)]
    first = [prediction(at=NOON, arm=before, text_digest=text, **looked_at) for text in texts[:3]]
    later = NOON + timedelta(minutes=10)
    second = [prediction(at=later, arm=after, text_digest=text, **looked_at) for text in texts]
    insert_predictions(store, first + second)
    counted = count_window(store, NOON, HOUR, set(texts))
    tallies = [counted[ALONE._replace(arm=arm or "")] for arm in (before, after)]
    assert [found.tally.predictions for found in tallies] == [3, 4]
    assert [found.tally.texts for found in tallies] == [3, 1]
    assert [found.tally.sampled for found in tallies] == [3, 1]
    assert [len(found.judgeable) for found in tallies] == [3, 1]


def test_models_and_arms_are_counted_apart(store: Engine) -> None:
    insert_predictions(
        store,
        [
            *answers(3, arm="champion"),
            *answers(2, arm="challenger", digest="sha256:cd", model_version="2"),
            *answers(1),
            *answers(4, arm="shadow", digest="sha256:cd", model_version="2"),
        ],
    )
    counted = count_window(store, NOON, HOUR, set())
    assert {source: found.tally.predictions for source, found in counted.items()} == {
        AnswerSource("sha256:ab", "1", "champion"): 3,
        AnswerSource("sha256:cd", "2", "challenger"): 2,
        ALONE: 1,
        AnswerSource("sha256:cd", "2", "shadow"): 4,
    }


def test_answers_to_texts_with_feedback_are_kept_for_judging(store: Engine) -> None:
    wanted = text_digest("wanted")
    answer = prediction(text_digest=wanted, category="arts", confidence=0.5)
    insert_predictions(store, [*answers(5), answer])
    (found,) = count_window(store, NOON, HOUR, {wanted, text_digest("never asked")}).values()
    assert [tuple(answer) for answer in found.judgeable] == [(wanted, "arts", 0.5, answer.digest)]


def test_a_text_that_was_sampled_later_is_in_the_sample(store: Engine) -> None:
    digest = text_digest("a text")
    insert_predictions(store, [prediction(text_digest=digest)])
    insert_predictions(store, [prediction(text_digest=digest, known_share=0.5, language="fr", terms="ff")])
    tally = count_window(store, NOON, HOUR, set())[ALONE].tally
    assert (tally.texts, tally.sampled, tally.languages) == (1, 1, Counter(fr=1))
    assert tally.known_words[10] == 1


def test_the_sample_is_bounded_and_does_not_depend_on_the_order(store: Engine, tmp_path: Path) -> None:
    records = answers(MOST_SAMPLED + 700, known_share=1.0, language="en", terms="00")
    insert_predictions(store, records)
    (found,) = count_window(store, NOON, HOUR, set()).values()
    assert len(found.sample) == found.tally.sampled == MOST_SAMPLED
    (tmp_path / "other").mkdir()
    with store_in(tmp_path / "other") as other:
        insert_predictions(other, records[::-1])
        (again,) = count_window(other, NOON, HOUR, set()).values()
    assert again == found
