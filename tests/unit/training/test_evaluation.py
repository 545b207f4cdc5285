from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.training.evaluation import ClassScores, evaluate

TRUTH = ["a", "a", "a", "b", "b", "c"]
PREDICTED = ["a", "a", "b", "b", "c", "c"]

names = st.sampled_from(["a", "b", "c", "d"])
# With one category alone there is nothing to confuse.
pairs = st.lists(st.tuples(names, names), max_size=30).map(lambda drawn: [("a", "b"), *drawn])


def test_figures_are_those_computed_by_hand() -> None:
    found = evaluate(TRUTH, PREDICTED)
    assert found.metrics() == pytest.approx(
        {
            "accuracy": 4 / 6,
            "precision_macro": (1 + 1 / 2 + 1 / 2) / 3,
            "recall_macro": (2 / 3 + 1 / 2 + 1) / 3,
            "f1_macro": (4 / 5 + 1 / 2 + 2 / 3) / 3,
            "precision_weighted": (3 * 1 + 2 * 1 / 2 + 1 * 1 / 2) / 6,
            "recall_weighted": (3 * 2 / 3 + 2 * 1 / 2 + 1 * 1) / 6,
            "f1_weighted": (3 * 4 / 5 + 2 * 1 / 2 + 1 * 2 / 3) / 6,
        }
    )


def test_every_category_has_its_own_scores() -> None:
    found = evaluate(TRUTH, PREDICTED)
    assert found.per_class["a"] == ClassScores(
        precision=1, recall=pytest.approx(2 / 3), f1=pytest.approx(0.8), support=3
    )
    assert found.per_class["b"] == ClassScores(precision=0.5, recall=0.5, f1=0.5, support=2)
    assert found.per_class["c"] == ClassScores(precision=0.5, recall=1, f1=pytest.approx(2 / 3), support=1)


def test_rows_of_the_confusion_matrix_are_true_and_columns_predicted() -> None:
    found = evaluate(TRUTH, PREDICTED)
    assert found.classes == ["a", "b", "c"]
    assert found.confusion.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]


def test_a_category_that_is_never_predicted_has_precision_zero() -> None:
    found = evaluate(["a", "b"], ["a", "a"])
    assert found.per_class["b"] == ClassScores(precision=0, recall=0, f1=0, support=1)
    assert found.precision_macro == 0.25


def test_a_category_that_only_the_model_knows_counts_in_macro_but_not_in_weighted_averages() -> None:
    found = evaluate(["a", "a"], ["a", "new"])
    assert found.classes == ["a", "new"]
    assert found.per_class["new"] == ClassScores(precision=0, recall=0, f1=0, support=0)
    assert (found.precision_macro, found.precision_weighted) == (0.5, 1)


@settings(deadline=None)
@given(others=st.lists(names, max_size=30))
def test_perfect_predictions_score_one_everywhere(others: list[str]) -> None:
    truth = ["a", "b", *others]
    assert list(evaluate(truth, truth).metrics().values()) == pytest.approx([1] * 7)


@settings(deadline=None)
@given(pairs=pairs)
def test_the_figures_agree_with_each_other(pairs: list[tuple[str, str]]) -> None:
    truth, predicted = [t for t, _ in pairs], [p for _, p in pairs]
    found = evaluate(truth, predicted)
    assert found.accuracy == pytest.approx(np.trace(found.confusion) / len(pairs))
    assert found.recall_weighted == pytest.approx(found.accuracy)
    assert {name: scores.support for name, scores in found.per_class.items() if scores.support} == Counter(truth)
    assert dict(zip(found.classes, found.confusion.sum(axis=0).tolist(), strict=True)) == {
        name: predicted.count(name) for name in found.classes
    }


@settings(max_examples=30, deadline=None)
@given(pairs=pairs)
def test_the_order_of_the_articles_changes_nothing(pairs: list[tuple[str, str]]) -> None:
    shuffled = sorted(pairs)
    first = evaluate([t for t, _ in pairs], [p for _, p in pairs])
    second = evaluate([t for t, _ in shuffled], [p for _, p in shuffled])
    assert first.metrics() == pytest.approx(second.metrics())
    assert np.array_equal(first.confusion, second.confusion)


def test_a_single_category_is_measured_without_a_warning() -> None:
    assert evaluate(["a", "a"], ["a", "a"]).confusion.tolist() == [[2]]


def test_a_category_with_articles_of_which_none_is_recognised_is_dead() -> None:
    found = evaluate(["a", "a", "b", "c"], ["a", "a", "a", "d"])
    assert found.dead_categories == ["b", "c"]  # `d` has no article
    assert found.tested_categories == 3


@given(pairs)
@settings(deadline=None)
def test_the_baseline_is_the_accuracy_of_always_saying_its_category(drawn: list[tuple[str, str]]) -> None:
    truth = [right for right, _ in drawn]
    category, accuracy = evaluate(truth, [said for _, said in drawn]).baseline
    assert evaluate(truth, [category] * len(truth)).accuracy == pytest.approx(accuracy)
    assert all(truth.count(category) >= truth.count(other) for other in truth)
