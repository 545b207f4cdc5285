from hypothesis import given
from hypothesis import strategies as st

from newsdesk.monitoring.page.bar_chart import Bars, bar_chart, shares
from newsdesk.monitoring.page.markup import document, tag
from tests.unit.monitoring.page.reports import Page

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1000))


def drawn(bars: Bars) -> Page:
    return Page(document(tag("html", bar_chart(bars))))


def widths(page: Page) -> list[float]:
    return [float(value.rstrip("%")) for name, value in page.attributes if name == "width" and value.endswith("%")]


def test_bars_are_as_long_as_their_values_and_none_leaves_the_page() -> None:
    page = drawn(Bars("Any", "Whatever.", ["a", "b", "c"], [("now", [0.25, 0.5, None])]))
    chart, first, second, none = widths(page)
    assert chart == 100
    assert second == 2 * first < 100
    assert none == 0
    assert page.table("Any")[1:] == [["a", "25.0%"], ["b", "50.0%"], ["c", "–"]]


def test_a_second_series_looks_hollow_and_is_named() -> None:
    page = drawn(Bars("Any", "Whatever.", ["a"], [("now", [0.5]), ("before", [1.0])]))
    assert ("class", "hollow") in page.attributes
    assert page.texts["li"] == ["now", "before"]


def test_bars_of_nothing_can_be_drawn() -> None:
    assert widths(drawn(Bars("Any", "Whatever.", ["a"], [("now", [0.0])]))) == [100, 0]


@given(COUNTS)
def test_shares_add_up_to_one(counts: dict[str, int]) -> None:
    found = [share for share in shares(counts, [*counts]) if share is not None]
    assert not found if not sum(counts.values()) else abs(sum(found) - 1) < 1e-9
