from hypothesis import given
from hypothesis import strategies as st

from newsdesk.monitoring.page.window_totals import newest_judged, total
from tests.unit.monitoring.page.reports import performance, report, window

COUNTS = st.integers(1, 300)


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=6))
def test_a_total_counts_what_its_windows_count(counts: list[tuple[int, int]]) -> None:
    parts = [performance(min(right, labelled), labelled, 500) for right, labelled in counts]
    whole = total([window(1, performance=part) for part in parts])
    assert whole.texts == 500 * len(parts)
    assert whole.predictions == sum(part.predictions for part in parts)
    assert whole.labelled == sum(labelled for _, labelled in counts)
    assert whole.accuracy is not None
    assert whole.accuracy.count == sum(figures.right for figures in whole.per_class.values())
    assert sum(whole.categories.values()) == whole.texts


def test_estimated_accuracy_weighs_windows_by_their_texts() -> None:
    large, small = performance(texts=300, estimated=0.9), performance(texts=100, estimated=0.5)
    estimated = total([window(2, performance=large), window(1, performance=small)]).estimated
    assert estimated is not None
    assert round(estimated, 9) == 0.8


def test_nothing_adds_up_to_nothing() -> None:
    whole = total([])
    assert (whole.texts, whole.estimated, whole.accuracy, whole.per_class) == (0, None, None, {})


def test_the_newest_judged_window_has_ended_and_had_enough_texts() -> None:
    judged = window(3, "suspected")
    found = report(window(4), judged, window(1, "too_few"), window(-1, "confirmed"))
    assert newest_judged(found) == judged
    assert newest_judged(report(window(1, "too_few"))) is None
