"""What got worse: only what is more than chance, with the pair of categories that is mixed up."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from sklearn.metrics import f1_score

from newsdesk.monitoring.quality_change import SIGNIFICANCE, quality_change
from newsdesk.monitoring.report import Confusion, QualityChange
from newsdesk.monitoring.window_counts import WindowCounts
from tests.unit.monitoring.page.reports import HOUR, NOON

CLASSES = ("arts", "sport", "world")
Pair = tuple[str, str]  # the right category, the predicted one
pairs = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), max_size=120)
counts = st.dictionaries(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), st.integers(0, 200))


def window(labels: Mapping[Pair, int], *, others: int = 1000, is_reviewed: bool = True) -> WindowCounts:
    """A window with so many texts of each right and predicted category, and others of each without feedback."""
    tally = WindowCounts()
    answers = Counter(dict.fromkeys(CLASSES, others))
    for (right, predicted), count in labels.items():
        answers[predicted] += count
        for _ in range(count):
            tally.judge(right, predicted, is_reviewed=is_reviewed)
    names = [*answers.elements()]
    tally.count(names, np.full(len(names), 0.9), np.full(len(names), 100))
    return tally


def right(count: int) -> dict[Pair, int]:
    """So many right answers of each category."""
    return {(name, name): count for name in CLASSES}


def change_of(before: WindowCounts, lately: WindowCounts, classes: Iterable[str] = CLASSES) -> QualityChange:
    found = quality_change({NOON: before, NOON + HOUR: lately}, [*classes])
    assert found is not None
    return found


def test_the_category_that_is_surely_worse_is_named_with_what_it_is_mixed_up_with() -> None:
    before = right(117) | {("world", "sport"): 3}
    lately = right(18) | {("world", "sport"): 12}
    found = change_of(window(before), window(lately))
    worse = {each.category: each for each in found.worse}
    assert set(worse) == {"sport", "world"}
    assert worse["sport"].confusion == Confusion("sport", "world", 12, 30, 3, 120)
    assert worse["world"].confusion == worse["sport"].confusion
    assert worse["sport"].lately.value == pytest.approx(2 * 18 / (18 + 30))
    assert worse["sport"].before.value == pytest.approx(2 * 117 / (117 + 120))
    assert (found.not_worse, found.too_few) == ((), ("arts",)), "18 texts are too few"
    assert (found.begin, found.since) == (NOON, NOON + HOUR)


@pytest.mark.parametrize(
    ("errors", "of", "is_told"),
    [
        (1, 30, False),
        (3, 30, False),
        (5, 30, False),
        (15, 30, True),
        (30, 30, True),
        (5, 1000, False),
        (200, 1000, True),
    ],
)
def test_a_difference_counts_where_it_is_more_than_chance(errors: int, of: int, *, is_told: bool) -> None:
    before = right(100) | {("arts", "world"): 4}
    lately = right(of) | {("arts", "arts"): of - errors, ("arts", "world"): errors}
    found = change_of(window(before), window(lately))
    assert ("arts" in {each.category for each in found.worse}) is is_told


def test_who_got_better_is_not_among_those_who_got_worse() -> None:
    bad, good = right(60) | {("arts", "world"): 60}, right(60)
    found = change_of(window(bad), window(good))
    assert (found.worse, found.not_worse) == ((), CLASSES)


def test_of_editors_who_report_errors_alone_no_f1_is_told_but_how_often_they_do() -> None:
    before = window({("arts", "sport"): 10}, is_reviewed=False)
    lately = window({("arts", "sport"): 60}, is_reviewed=False)
    found = change_of(before, lately)
    (worse,) = found.worse
    assert (worse.category, worse.measure) == ("sport", "corrected")
    assert (worse.before.value, worse.lately.value) == (10 / 1010, 60 / 1060)
    assert worse.confusion == Confusion("sport", "arts", 60, 1060, 10, 1010)
    assert found.too_few == ("arts", "world"), "nobody corrected them, and whether anybody looked is not known"


def test_that_somebody_begins_to_review_is_no_loss() -> None:
    errors = {("arts", "sport"): 15, ("sport", "sport"): 4}
    assert change_of(window({}), window(errors)).worse == ()


def test_without_feedback_nothing_is_told() -> None:
    found = change_of(window({}), window({}))
    assert (found.worse, found.not_worse, found.too_few) == ((), (), CLASSES)
    assert not found.is_known


@pytest.mark.parametrize("lately", [0, 1, 19])
def test_below_twenty_texts_nothing_is_told_of_a_category(lately: int) -> None:
    wrong = {(name, "weather"): lately for name in CLASSES}
    found = change_of(window(right(500)), window(wrong))
    assert (found.worse, found.too_few) == ((), CLASSES)


def test_a_category_that_the_model_does_not_know_is_no_loss_of_its_own() -> None:
    found = change_of(window(right(100)), window(right(100) | {("weather", "world"): 80}))
    (worse,) = found.worse
    assert (worse.category, worse.confusion) == ("world", Confusion("world", "weather", 80, 180, 0, 100))


def test_one_window_alone_has_nothing_before() -> None:
    found = quality_change({NOON: window(right(100))}, CLASSES)
    assert found is not None
    assert (found.since, found.is_known) == (NOON, False)
    assert quality_change({}, CLASSES) is None


@pytest.mark.parametrize(("windows", "lately"), [(2, 1), (4, 1), (7, 1), (8, 2), (48, 12)])
def test_lately_is_the_newest_quarter_of_the_windows(windows: int, lately: int) -> None:
    starts: list[datetime] = [NOON + i * HOUR for i in range(windows)]
    found = quality_change(dict.fromkeys(starts, WindowCounts()), CLASSES)
    assert found is not None
    assert found.since == starts[windows - lately]


@given(counts, counts)
def test_f1_its_interval_and_its_test_are_those_of_the_books(before: dict[Pair, int], lately: dict[Pair, int]) -> None:
    found = change_of(window(before), window(lately))
    for each in found.worse:
        assert each.measure == "f1"
        tables = []
        for labels, estimate in ((lately, each.lately), (before, each.before)):
            said = [*Counter(labels).elements()]
            truth, answers = [pair[0] for pair in said], [pair[1] for pair in said]
            expected = f1_score(truth, answers, labels=[each.category], average=None, zero_division=0)[0]
            assert estimate.value == pytest.approx(expected)
            assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12
            both = sum(pair == (each.category, each.category) for pair in said)
            tables.append([both, estimate.texts - both])
        assert each.lately.value < each.before.value
        alone = fisher_exact(tables).pvalue
        assert alone * 0.999 <= each.p_value <= len(CLASSES) * alone * 1.001
        assert each.p_value < SIGNIFICANCE


@given(counts)
def test_where_nothing_changed_nothing_got_worse(labels: dict[Pair, int]) -> None:
    assert change_of(window(labels), window(labels)).worse == ()


@given(counts, counts)
def test_every_category_is_told_once(before: dict[Pair, int], lately: dict[Pair, int]) -> None:
    found = change_of(window(before), window(lately))
    told = [*(each.category for each in found.worse), *found.not_worse, *found.too_few]
    assert sorted(told) == sorted(CLASSES)
    for each in found.worse:
        if confusion := each.confusion:
            assert confusion.predicted != confusion.right
            assert each.category in (confusion.predicted, confusion.right)
            assert confusion.count / confusion.of > confusion.count_before / max(confusion.of_before, 1)


def test_chance_alone_is_seldom_taken_for_a_loss() -> None:
    """300 newsrooms in which nothing changes, each with 60 texts of a category before and 30 lately."""
    chance, alarms = random.Random(7), 0
    for _ in range(300):
        before, lately = (
            Counter(
                (name, name if chance.random() < 0.8 else chance.choice(CLASSES)) for name in CLASSES for _ in range(of)
            )
            for of in (60, 30)
        )
        alarms += bool(change_of(window(before, others=0), window(lately, others=0)).worse)
    assert alarms <= 300 * 3 * SIGNIFICANCE
