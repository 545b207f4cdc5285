import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from newsdesk.config.gate_config import GateMetric
from newsdesk.training.paired_comparison import compare_paired
from tests.unit.training.judging import answers, compared

F1: list[GateMetric] = ["macro_f1", "weighted_f1"]
METRICS: list[GateMetric] = ["accuracy", *F1]
CATEGORY = st.sampled_from("abc")


def test_the_interval_is_that_of_the_literature() -> None:
    """Bonett and Price: estimate (f12 - f21) / (n + 2) and its Wald interval, with one added to f12 and to f21."""
    found = compared(both=60, only_challenger=20, only_champion=10, neither=10)
    assert (found.articles, found.challenger, found.champion) == (100, 0.8, 0.7)
    assert found.gain == pytest.approx(0.1)
    centre, variance = 10 / 102, (32 / 102 - (10 / 102) ** 2) / 102
    assert (found.low, found.high) == pytest.approx(
        (centre - 1.96 * variance**0.5, centre + 1.96 * variance**0.5), abs=1e-4
    )


@given(st.tuples(*[st.integers(0, 300)] * 4))
def test_the_interval_is_within_its_bounds_and_mirrors_when_the_models_are_exchanged(counts: tuple[int, ...]) -> None:
    both, one, other, neither = counts
    found, mirrored = compared(both, one, other, neither), compared(both, other, one, neither)
    assert -1 <= found.low <= found.high <= 1
    assert (found.low, found.gain, found.high) == pytest.approx((-mirrored.high, -mirrored.gain, -mirrored.low))


@given(st.integers(6, 400), st.integers(0, 400), st.integers(0, 200))
def test_another_article_that_only_the_challenger_has_right_never_makes_it_less_sure(
    won: int, lost: int, others: int
) -> None:
    before, after = compared(others, won, lost, others + 1), compared(others, won + 1, lost, others)
    assert after.low >= before.low


@given(st.lists(st.tuples(CATEGORY, CATEGORY, CATEGORY), min_size=1, max_size=40), st.sampled_from(METRICS))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_articles_does_not_matter(rows: list[tuple[str, str, str]], metric: GateMetric) -> None:
    shuffled = random.Random(1).sample(rows, len(rows))
    assert compare_paired(*map(list, zip(*rows, strict=True)), metric=metric) == compare_paired(
        *map(list, zip(*shuffled, strict=True)), metric=metric
    )


@given(st.lists(st.tuples(CATEGORY, CATEGORY), min_size=1, max_size=40), st.sampled_from(METRICS))
@settings(max_examples=40, deadline=None)
def test_two_models_that_say_the_same_are_no_different(rows: list[tuple[str, str]], metric: GateMetric) -> None:
    truth, said = map(list, zip(*rows, strict=True))
    found = compare_paired(truth, said, said, metric)
    assert found.gain == 0
    assert not found.surely_better
    assert found.low <= 0 <= found.high


@given(st.lists(st.tuples(CATEGORY, CATEGORY, CATEGORY), min_size=1, max_size=40), st.sampled_from(F1))
@settings(max_examples=40, deadline=None)
def test_f1_is_that_of_scikit_learn_over_the_categories_that_occur(
    rows: list[tuple[str, str, str]], metric: GateMetric
) -> None:
    truth, challenger, champion = map(list, zip(*rows, strict=True))
    found = compare_paired(truth, challenger, champion, metric)
    average = metric.removesuffix("_f1")
    labels = sorted(set(truth))
    expected = [
        f1_score(truth, said, labels=labels, average=average, zero_division=0) for said in (challenger, champion)
    ]
    assert [found.challenger, found.champion] == pytest.approx(expected)
    assert -1 <= found.low <= found.high <= 1


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("articles", [1, 2, 3, 5])
def test_a_handful_of_articles_shows_nothing(articles: int, metric: GateMetric) -> None:
    truth = list("abcab")[:articles]
    assert not compare_paired(truth, truth, ["d"] * articles, metric).surely_better


@pytest.mark.parametrize("metric", METRICS)
def test_a_gain_in_every_category_is_sure(metric: GateMetric) -> None:
    truth = list("abcd") * 100
    champion = [right if i % 5 else "a" for i, right in enumerate(truth)]
    assert compare_paired(truth, truth, champion, metric).surely_better
    assert compare_paired(truth, champion, truth, metric).high < 0


def test_a_rare_category_counts_for_macro_f1_as_much_as_a_common_one() -> None:
    truth = ["a"] * 950 + ["b"] * 50
    found = {metric: compare_paired(truth, truth, ["a"] * 1000, metric).gain for metric in METRICS}
    assert found["accuracy"] == pytest.approx(0.05)
    assert found["accuracy"] < found["weighted_f1"] < 0.1
    assert found["macro_f1"] > 0.5


@pytest.mark.parametrize("metric", F1)
def test_the_bootstrap_is_as_sure_as_the_interval_of_proportions_where_both_say_the_same(metric: GateMetric) -> None:
    """Errors that fall on all categories alike move F1 as they move accuracy."""
    generator = random.Random(3)
    truth = [generator.choice("abcd") for _ in range(400)]

    def erring(share: float) -> list[str]:
        return [generator.choice("abcd") if generator.random() < share else right for right in truth]

    challenger, champion = erring(0.2), erring(0.3)
    by_accuracy, by_f1 = (compare_paired(truth, challenger, champion, name) for name in ("accuracy", metric))  # type: ignore[arg-type]
    assert (by_f1.low, by_f1.high) == pytest.approx((by_accuracy.low, by_accuracy.high), abs=0.015)


@pytest.mark.parametrize("metric", METRICS)
def test_of_no_article_nothing_is_known(metric: GateMetric) -> None:
    found = compare_paired(*answers(), metric)
    assert (found.articles, found.low, found.high) == (0, -1, 1)
