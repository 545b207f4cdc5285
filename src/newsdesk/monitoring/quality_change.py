"""Which categories the model does worse on lately than before, as far as editors' feedback tells it from chance."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from newsdesk.monitoring.report import Confusion, Estimate, Measure, QualityChange, WorseCategory
from newsdesk.monitoring.significance import ENOUGH, fisher_exact_test, proportion
from newsdesk.monitoring.window_counts import Labels, WindowCounts

SIGNIFICANCE = 0.01  # of a difference in any category, where none changed
_LATELY = 4  # the newest one of so many windows


class _Period(NamedTuple):
    """What was counted, the labels that tell how often the model is right, and how many of these texts were predicted
    to be of each category."""

    counts: WindowCounts
    reviewed: Labels
    predicted: Counter[str]


class _Comparison(NamedTuple):
    """How a category does by one measure. `labels`: how many there are to tell it by."""

    category: str
    measure: Measure
    lately: Estimate
    before: Estimate
    p_value: float
    labels: int

    @property
    def is_worse(self) -> bool:
        rose = self.lately.value > self.before.value
        return rose if self.measure == "corrected" else not rose


def quality_change(windows: Mapping[datetime, WindowCounts], classes: Collection[str]) -> QualityChange | None:
    """What changed from the older to the newest quarter of the windows, whose beginnings these are, oldest first, for
    each of the model's `classes`; None without a window.

    F1 is compared where editors reviewed texts of the category, enough of them in both periods; where they reviewed
    none, how often it was corrected. Both are shares of texts, compared by Fisher's exact test, with Bonferroni's
    correction over categories.
    """
    if not windows:
        return None
    starts, counts = [*windows], [*windows.values()]
    first = len(starts) - max(1, len(starts) // _LATELY)
    before, lately = _periods(counts[:first], counts[first:])
    comparisons = [comparison for category in sorted(classes) if (comparison := _compare(category, before, lately))]
    worse, not_worse = [], []
    for comparison in comparisons:
        p_value = min(1.0, comparison.p_value * len(comparisons))
        if p_value < SIGNIFICANCE and comparison.is_worse:
            confusion = _confusion(comparison, before, lately)
            worse.append(
                WorseCategory(
                    comparison.category, comparison.measure, comparison.lately, comparison.before, p_value, confusion
                )
            )
        elif comparison.labels >= ENOUGH:
            not_worse.append(comparison.category)
    judged = {*not_worse, *(comparison.category for comparison in worse)}
    return QualityChange(
        begin=starts[0],
        since=starts[first],
        worse=tuple(sorted(worse, key=lambda comparison: -abs(comparison.lately.value - comparison.before.value))),
        not_worse=tuple(not_worse),
        too_few=tuple(category for category in sorted(classes) if category not in judged),
    )


def _periods(before: list[WindowCounts], lately: list[WindowCounts]) -> tuple[_Period, _Period]:
    sums = [sum(part, start=WindowCounts()) for part in (before, lately)]
    is_whole = all(counts.is_whole for counts in sums)  # or the one would be told by other editors than the other
    first, second = (_period(counts, counts.judged if is_whole else counts.reviewed) for counts in sums)
    return first, second


def _period(counts: WindowCounts, reviewed: Labels) -> _Period:
    predicted: Counter[str] = Counter()
    for by_prediction in reviewed.values():
        predicted.update(by_prediction)
    return _Period(counts, reviewed, predicted)


def _compare(category: str, before: _Period, lately: _Period) -> _Comparison | None:
    """None where there is too little to compare."""
    measure: Measure = "f1"
    (count, of), (count_before, of_before) = (_jaccard(period, category) for period in (lately, before))
    labels = of + of_before
    if not labels:
        # Of editors who report errors alone no more can be told than how often they do. Where somebody also reviews,
        # that would grow with the number of reviews.
        measure = "corrected"
        (count, of), (count_before, of_before) = (_corrected(period.counts, category) for period in (lately, before))
        labels = count + count_before
    if min(of, of_before) < ENOUGH:
        return None
    # F1 grows with the share of the texts which both are of the category, of those which are or were predicted to be:
    # what holds for that share, its interval and its test, holds for F1.
    p_value = fisher_exact_test(count, of, count_before, of_before)
    estimate = _f1 if measure == "f1" else _share
    return _Comparison(category, measure, estimate(count, of), estimate(count_before, of_before), p_value, labels)


def _confusion(compared: _Comparison, before: _Period, lately: _Period) -> Confusion | None:
    """The pair with most errors beyond those that there would be if it were mixed up as rarely as before."""
    by_review = compared.measure == "f1"

    def predictions_of(period: _Period, predicted: str) -> int:
        return period.predicted[predicted] if by_review else period.counts.categories[predicted]

    def pairs() -> Iterator[tuple[float, Confusion]]:
        labels, labels_before = (p.reviewed if by_review else p.counts.judged for p in (lately, before))
        for right, by_prediction in labels.items():
            for predicted, count in by_prediction.items():
                involves_category = predicted == compared.category or (by_review and right == compared.category)
                if right == predicted or not involves_category:
                    continue
                count_before = labels_before[right][predicted] if right in labels_before else 0
                confusion = Confusion(
                    predicted,
                    right,
                    count,
                    predictions_of(lately, predicted),
                    count_before,
                    predictions_of(before, predicted),
                )
                expected = confusion.of * count_before / confusion.of_before if confusion.of_before else 0.0
                yield count - expected, confusion

    excess, confusion = max(pairs(), key=lambda pair: (pair[0], pair[1].right, pair[1].predicted), default=(0.0, None))
    return confusion if excess > 0 else None


def _jaccard(period: _Period, category: str) -> tuple[int, int]:
    """How many texts are of a category and were predicted to be, and how many are one of both."""
    belong = period.reviewed.get(category, Counter())
    right = belong[category]
    return right, belong.total() + period.predicted[category] - right


def _corrected(counts: WindowCounts, category: str) -> tuple[int, int]:
    """How many texts that were predicted to be of a category were corrected, and how many were predicted to be."""
    wrong = sum(by_prediction[category] for right, by_prediction in counts.judged.items() if right != category)
    return wrong, max(counts.categories[category], wrong)


def _f1(right: int, total: int) -> Estimate:
    share = _share(right, total)
    value, low, high = (2 * each / (1 + each) for each in (share.value, share.low, share.high))
    return Estimate(value, low, high, total)


def _share(count: int, total: int) -> Estimate:
    share = proportion(count, total)
    assert share is not None, "enough texts"
    return Estimate(share.share, share.low, share.high, total)
