from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from newsdesk.monitoring.page.line_chart import line_chart
from newsdesk.monitoring.page.markup import document, tag
from newsdesk.monitoring.page.time_series import Level, Line, Point, TimeSeriesChart, runs
from tests.unit.monitoring.page.reports import HOUR, NOON, Page

VALUES = st.floats(0, 1e6, allow_nan=False)


def chart(values: list[float], *levels: float) -> TimeSeriesChart:
    points = [Point(NOON + i * HOUR, value) for i, value in enumerate(values)]
    return TimeSeriesChart("Any", "Whatever.", HOUR, [Line("any", points)], [Level("level", level) for level in levels])


@given(st.lists(VALUES, min_size=1, max_size=50), st.lists(VALUES, max_size=2))
@example([29.0], [])
def test_the_scale_holds_every_value_with_few_grid_lines(values: list[float], levels: list[float]) -> None:
    lowest, highest, step = chart(values, *levels).scale
    shown = [*values, *levels]
    slack = step * 1e-6
    assert lowest - slack <= min(shown)
    assert max(shown) <= highest + slack
    assert (highest - lowest) / step < 6.5


def test_a_chart_of_equal_values_can_be_drawn() -> None:
    page = Page(document(tag("html", line_chart(chart([0.5, 0.5])))))
    assert "nan" not in page.html
    assert page.attributes.count(("class", "dot first")) == 2


def test_a_missing_window_interrupts_the_line() -> None:
    points = [Point(NOON + hours * HOUR, 1.0) for hours in (0, 1, 4, 5, 6)]
    assert [len(run) for run in runs(points, HOUR)] == [2, 3]
    assert [*runs(points, timedelta(days=1))] == [points]
    assert [*runs([], HOUR)] == []


def test_a_point_stands_where_its_moment_and_its_value_put_it() -> None:
    page = Page(document(tag("html", line_chart(chart([0.0, 4.0, 2.0])))))
    dots = [value for name, value in page.attributes if name == "d" and value.endswith("h0")]
    places = [tuple(map(float, dot.removeprefix("M").removesuffix("h0").split())) for dot in dots]
    (left, bottom), (middle, top), (right, half) = places
    assert (left, middle, right) == (0.0, 500.0, 1000.0)
    assert top == 0.0
    assert half == bottom / 2


def test_a_bound_of_zero_is_told() -> None:
    line = Line("share", [Point(NOON, 0.0, 0.0, 0.25)])
    page = Page(document(tag("html", line_chart(TimeSeriesChart("Any", "Whatever.", HOUR, [line])))))
    assert page.table("Any")[1] == ["2026-03-04 12:00 UTC", "0.0% (0.0% to 25.0%)"]


def test_marked_points_differ_in_shape_and_in_words() -> None:
    line = Line("score", [Point(NOON, 0.1), Point(NOON + HOUR, 0.5, is_marked=True)])
    page = Page(document(tag("html", line_chart(TimeSeriesChart("Any", "Whatever.", HOUR, [line], marked="drift")))))
    assert ("class", "alarm") in page.attributes
    assert [row[1] for row in page.table("Any")[1:]] == ["50.0%, drift", "10.0%"]
    assert "drift" in page.texts["li"]
