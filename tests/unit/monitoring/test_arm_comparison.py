from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from scipy.stats import binomtest, chi2_contingency
from sqlalchemy import Engine

from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.pipeline_config import Categories, FeedbackLimits
from newsdesk.monitoring.arm_comparison import LiveComparison, compare_live
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import PredictionRecord
from tests.unit.store.rows import NOON, feedback, prediction, store_in


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def compare(store: Engine) -> LiveComparison:
    return compare_live(store, FeedbackLimits())


def pair(text: str, champion: str, shadow: str, versions: str = "12", minute: int = 0) -> list[PredictionRecord]:
    """What both said to a text; the champion in 1 ms, its shadow in 3 ms."""
    at = NOON + timedelta(minutes=minute)
    mine, its = versions
    answer = prediction(
        at=at, text_digest=text, category=champion, arm="champion", model_version=mine, digest=mine, duration_ms=1.0
    )
    other = prediction(
        at=at + timedelta(milliseconds=20),
        text_digest=text,
        category=shadow,
        arm="shadow",
        model_version=its,
        digest=its,
        duration_ms=3.0,
        pair_id=answer.id,
    )
    return [answer, other]


def alone(text: str, category: str, arm: str, version: str, minute: int = 0) -> PredictionRecord:
    at = NOON + timedelta(minutes=minute)
    return prediction(at=at, text_digest=text, category=category, arm=arm, model_version=version, digest=version)


def say(store: Engine, category: str, texts: Sequence[str], editor: str = "Ruth") -> None:
    for text in texts:
        record_feedback(store, feedback(text_digest=text, category=category, editor=editor))


def numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


def test_without_an_experiment_there_is_nothing_to_compare(store: Engine) -> None:
    insert_predictions(store, [prediction()])
    live = compare(store)
    assert (live.shadow, live.ab) == (None, None)
    assert live.conclusion.startswith("No experiment has answered yet.")


def test_shadow_pairs_are_compared_without_any_feedback(store: Engine) -> None:
    insert_predictions(store, pair("a", "sport", "sport") + pair("b", "sport", "politics") + pair("c", "wire", "wire"))
    shadow = compare(store).shadow
    assert shadow is not None
    assert shadow.agreement is not None
    assert (shadow.agreement.count, shadow.agreement.of) == (2, 3)
    assert (shadow.champion.version, shadow.champion.predictions, shadow.champion.median_ms) == ("1", 3, 1.0)
    assert (shadow.other.version, shadow.other.predictions, shadow.other.p95_ms) == ("2", 3, 3.0)
    assert (shadow.champion.accuracy, shadow.p_value) == (None, None)
    assert shadow.conclusion.endswith("too few of their texts have feedback.")


def test_a_shadow_that_is_more_often_right_is_called_better(store: Engine) -> None:
    better, worse, both = numbered("better", 12), numbered("worse", 1), numbered("both", 7)
    insert_predictions(store, [row for text in better for row in pair(text, "wrong", "right")])
    insert_predictions(store, [row for text in worse for row in pair(text, "right", "wrong")])
    insert_predictions(store, [row for text in both for row in pair(text, "right", "right")])
    insert_predictions(store, pair("without feedback", "right", "wrong"))
    say(store, "right", better + worse + both)
    live = compare(store)
    assert live.shadow is not None
    assert live.shadow.champion.accuracy is not None
    assert live.shadow.other.accuracy is not None
    assert (live.shadow.champion.accuracy.count, live.shadow.champion.accuracy.of) == (8, 20)
    assert (live.shadow.other.accuracy.count, live.shadow.other.accuracy.of) == (19, 20)
    assert live.shadow.p_value == pytest.approx(binomtest(1, 13).pvalue)
    assert live.conclusion == ("Version 2, the shadow, is better than version 1 (p = 0.0034, exact McNemar test).")


def test_a_small_advantage_is_no_difference_shown(store: Engine) -> None:
    insert_predictions(store, pair("a", "wrong", "right") + pair("b", "right", "right"))
    say(store, "right", ["a", "b"])
    assert compare(store).conclusion == (
        "No difference shown between champion version 1 and shadow version 2 (p = 1, exact McNemar test)."
    )


def test_a_text_that_was_sent_often_counts_once_in_shares(store: Engine) -> None:
    insert_predictions(store, [row for _ in range(9) for row in pair("popular", "wrong", "right")])
    insert_predictions(store, pair("rare", "right", "right"))
    say(store, "right", ["popular", "rare"])
    shadow = compare(store).shadow
    assert shadow is not None
    assert shadow.agreement is not None
    assert shadow.champion.accuracy is not None
    assert (shadow.champion.predictions, shadow.agreement.of, shadow.champion.accuracy.of) == (10, 2, 2)


def test_feedback_about_a_prediction_counts_for_both_answers_to_its_text(store: Engine) -> None:
    rows = pair("a", "wrong", "right") + pair("b", "right", "right")
    insert_predictions(store, rows)
    for row in (rows[0], rows[2]):
        record_feedback(store, feedback(prediction_id=row.id, category="right"))
    shadow = compare(store).shadow
    assert shadow is not None
    assert shadow.champion.accuracy is not None
    assert shadow.other.accuracy is not None
    assert (shadow.champion.accuracy.count, shadow.other.accuracy.count) == (1, 2)


def test_errors_of_the_champion_alone_do_not_tell_that_its_shadow_is_better(store: Engine) -> None:
    """Who sees the champion's answers and corrects the wrong ones says nothing of those that the shadow has wrong."""
    rows = [pair(text, "wrong", "right" if number % 2 else "another") for number, text in enumerate(numbered("t", 40))]
    insert_predictions(store, [row for both in rows for row in both])
    for champion, _ in rows:
        record_feedback(store, feedback(prediction_id=champion.id, category="right"))
    shadow = compare(store).shadow
    assert shadow is not None
    assert (shadow.champion.accuracy, shadow.other.accuracy, shadow.p_value) == (None, None, None)


def test_only_the_newest_pair_of_versions_is_compared(store: Engine) -> None:
    insert_predictions(store, pair("a", "sport", "sport", versions="12") + pair("b", "x", "y", versions="13", minute=1))
    insert_predictions(
        store, pair("c", "x", "x", versions="34", minute=3) + pair("d", "x", "y", versions="34", minute=2)
    )
    insert_predictions(store, [prediction(at=NOON + timedelta(minutes=4), arm="shadow", pair_id="of a lost answer")])
    shadow = compare(store).shadow
    assert shadow is not None
    assert shadow.agreement is not None
    assert (shadow.champion.version, shadow.other.version, shadow.agreement.of) == ("3", "4", 2)


def test_arms_of_an_a_b_test_are_compared_on_their_own_texts(store: Engine) -> None:
    mine, theirs = numbered("mine", 40), numbered("theirs", 30)
    insert_predictions(
        store, [alone(text, "right" if n < 20 else "wrong", "champion", "1") for n, text in enumerate(mine)]
    )
    insert_predictions(
        store, [alone(text, "right" if n < 27 else "wrong", "challenger", "2") for n, text in enumerate(theirs)]
    )
    say(store, "right", mine + theirs)
    live = compare(store)
    assert live.ab is not None
    assert live.ab.champion.accuracy is not None
    assert (live.ab.champion.accuracy.count, live.ab.champion.accuracy.of) == (20, 40)
    assert live.ab.p_value == pytest.approx(chi2_contingency([[20, 20], [27, 3]], correction=False).pvalue)
    assert live.ab.agreement is None
    assert live.conclusion == (
        "Version 2, the challenger, is better than version 1 (p = 0.00042, two-proportion z-test)."
    )


def test_a_champion_that_is_better_is_called_so(store: Engine) -> None:
    insert_predictions(store, [alone(text, "right", "champion", "1") for text in numbered("mine", 20)])
    insert_predictions(store, [alone(text, "wrong", "challenger", "2") for text in numbered("theirs", 20)])
    say(store, "right", numbered("mine", 20) + numbered("theirs", 20))
    assert compare(store).conclusion.startswith("Version 1, the champion, is better than version 2 (p = ")


def test_an_a_b_test_takes_only_answers_of_its_own_time_and_versions(store: Engine) -> None:
    before = alone("before", "right", "champion", "1", minute=-9)
    during = [alone("mine", "right", "champion", "1", minute=2), alone("old", "right", "champion", "0", minute=1)]
    challenge = [alone(f"theirs{minute}", "right", "challenger", "2", minute) for minute in (0, 3)]
    after = alone("after", "right", "champion", "2", minute=9)
    insert_predictions(store, [before, *during, *challenge, after])
    ab = compare(store).ab
    assert ab is not None
    assert (ab.champion.version, ab.champion.predictions) == ("1", 1)
    assert (ab.other.version, ab.other.predictions) == ("2", 2)
    assert (ab.since, ab.until) == (NOON, NOON + timedelta(minutes=3))


def test_a_challenger_without_a_champion_beside_it_is_not_compared(store: Engine) -> None:
    insert_predictions(store, [alone("a", "right", "challenger", "2")])
    assert compare(store).ab is None


def test_feedback_beyond_the_limits_is_no_truth(store: Engine) -> None:
    insert_predictions(store, pair("a", "wrong", "right") + pair("b", "wrong", "right"))
    say(store, "right", ["a", "b"])
    shadow = compare_live(store, FeedbackLimits(max_per_editor_and_day=1)).shadow
    assert shadow is not None
    assert shadow.champion.accuracy is not None
    assert shadow.champion.accuracy.of == 1


def test_what_the_configuration_calls_one_category_is_one_whoever_says_it(store: Engine) -> None:
    """The shadow learnt after a desk was renamed, and editors say either name."""
    texts = numbered("renamed", 20)
    insert_predictions(store, [answer for text in texts for answer in pair(text, "digital", "tech")])
    say(store, "Digital", texts[:10])
    say(store, "tech", texts[10:])
    meant = CategoryRules(Categories(aliases={"digital": "tech"})).of
    shadow = compare_live(store, FeedbackLimits(), meant).shadow
    assert shadow is not None
    assert (shadow.agreement.share, shadow.agreement.of) == (1.0, 20)  # type: ignore[union-attr]
    assert (shadow.champion.accuracy.share, shadow.other.accuracy.share) == (1.0, 1.0)  # type: ignore[union-attr]
    apart = compare(store).shadow
    assert apart is not None
    assert apart.agreement.share == 0.0  # type: ignore[union-attr]
