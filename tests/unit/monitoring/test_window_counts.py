import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from newsdesk.monitoring.significance import proportion
from newsdesk.monitoring.window_counts import WindowCounts

CATEGORIES = ["arts", "sport", "world"]
judgements = st.lists(st.tuples(st.sampled_from(CATEGORIES), st.sampled_from(CATEGORIES)), max_size=30)
texts = st.lists(st.tuples(st.sampled_from(CATEGORIES), st.floats(0, 1), st.integers(1, 10**7)), max_size=30)


def tally_of(answers: list[tuple[str, float, int]], judged: list[tuple[str, str]]) -> WindowCounts:
    tally = WindowCounts(predictions=2 * len(answers))
    categories, confidence, lengths = ([row[i] for row in answers] for i in range(3))
    tally.count([str(name) for name in categories], np.array(confidence, dtype=float), np.array(lengths, dtype=int))
    tally.count_sampled(np.array(confidence, dtype=float), ["en"] * len(answers))
    for right, predicted in judged:
        tally.judge(right, predicted, is_reviewed=True)
    return tally


tallies = st.builds(tally_of, texts, judgements)


@given(tallies)
def test_a_tally_comes_back_from_json_as_it_was(tally: WindowCounts) -> None:
    assert WindowCounts.from_json(json.loads(json.dumps(tally.to_json()))) == tally


@given(texts, texts, judgements, judgements)
def test_two_windows_added_are_counted_like_one(
    first: Any, second: Any, judged: list[tuple[str, str]], judged_then: list[tuple[str, str]]
) -> None:
    together = tally_of(first + second, judged + judged_then)
    added = tally_of(first, judged) + tally_of(second, judged_then)
    assert abs(added.confidence_sum - together.confidence_sum) < 1e-9
    added.confidence_sum = together.confidence_sum
    assert added == together


@given(judgements)
def test_the_figures_of_the_classes_are_scikit_learns(judged: list[tuple[str, str]]) -> None:
    performance = tally_of([], judged).performance()
    right, predicted = [pair[0] for pair in judged], [pair[1] for pair in judged]
    assert performance.labelled == len(judged)
    for name, figures in performance.per_class.items():
        assert (figures.labelled, figures.predicted) == (right.count(name), predicted.count(name))
        expected = f1_score(right, predicted, labels=[name], average=None, zero_division=0)[0]
        assert figures.f1 is not None
        assert abs(figures.f1 - expected) < 1e-12
    if judged:
        assert performance.accuracy is not None
        assert performance.accuracy.count == sum(map(str.__eq__, right, predicted))


def test_nothing_has_no_accuracy_and_no_estimate() -> None:
    performance = WindowCounts().performance()
    assert (performance.accuracy, performance.estimated, performance.coverage) == (None, None, 0.0)


def test_each_text_stands_in_one_bin_of_each_histogram() -> None:
    tally = tally_of([("arts", 0.0, 1), ("arts", 1.0, 10**7), ("sport", 0.5, 100)], [])
    assert (tally.confidence[0], tally.confidence[-1], tally.confidence[10]) == (1, 1, 1)
    assert (tally.text_length[0], tally.text_length[-1], tally.text_length[6]) == (1, 1, 1)
    assert tally.categories == Counter(arts=2, sport=1)
    assert tally.performance().estimated == 0.5


def test_of_corrections_alone_only_the_upper_bound_of_the_accuracy_is_told() -> None:
    tally = tally_of([("sport", 0.95, 100)] * 10, [])
    for _ in range(4):
        tally.judge("arts", "sport", is_reviewed=False)
    performance = tally.performance()
    assert performance.at_most is not None
    assert (performance.accuracy, performance.per_class) == (None, {})
    assert (performance.labelled, performance.wrong, performance.at_most.share) == (4, 4, 0.6)
    assert performance.confidence == pytest.approx(0.95)
    assert performance.estimated == 0.6


def test_the_accuracy_is_that_of_the_texts_that_were_reviewed() -> None:
    tally = tally_of([("sport", 0.3, 100)] * 100, [("sport", "sport")] * 3 + [("arts", "sport")])
    for _ in range(10):
        tally.judge("arts", "sport", is_reviewed=False)
    performance = tally.performance()
    assert performance.accuracy == proportion(3, 4)
    assert (performance.labelled, performance.wrong, performance.at_most) == (14, 11, proportion(89, 100))
    assert performance.estimated == pytest.approx(0.3)


def test_where_nearly_all_texts_have_a_label_the_accuracy_is_known_whoever_gave_them() -> None:
    tally = tally_of([("sport", 0.95, 100)] * 10, [])
    for _ in range(9):
        tally.judge("arts", "sport", is_reviewed=False)
    assert tally.performance().accuracy == proportion(0, 9)


def test_windows_from_before_reviews_were_told_apart_are_read_as_they_were_meant() -> None:
    counts = tally_of([("sport", 0.95, 100)] * 50, [("sport", "sport")] * 3).to_json()
    del counts["reviewed"]
    assert WindowCounts.from_json(counts).performance().accuracy == proportion(3, 3)


def test_a_category_that_the_model_does_not_know_has_no_f1() -> None:
    """It was asked for what it could not say; of what it knows, what it never found is 0."""
    judged = [("sport", "sport"), ("weather", "sport"), ("arts", "sport")]
    tally = tally_of([("sport", 0.9, 100)] * 3, judged)
    by_class = tally.performance(["arts", "sport"]).per_class
    assert {name: (found.is_known, found.f1) for name, found in by_class.items()} == {
        "arts": (True, 0.0),
        "sport": (True, 0.5),
        "weather": (False, None),
    }
    assert tally.performance(["arts", "sport"]).accuracy == proportion(1, 3)
