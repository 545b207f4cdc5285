"""Charts over time as SVG. Shapes stretch with the page, words and strokes keep their size."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

from newsdesk.monitoring.page.formatting import NOTHING, moment, short_moment
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.page.tables import folded, table
from newsdesk.monitoring.page.time_series import Level, Line, Mark, Point, Style, TimeSeriesChart, runs

_HEIGHT, _TOP, _BOTTOM = 190, 18, 24  # pixels: of the whole, and of what lies above and below the plot
_PLOT = _HEIGHT - _TOP - _BOTTOM
_WIDE = 1000.0  # units across the plot


def line_chart(chart: TimeSeriesChart) -> Element:
    """The chart, its legend, and the figures it shows, of which there must be one."""
    return tag(
        "figure",
        tag("figcaption", tag("h3", chart.title), tag("p", chart.description, class_="note")),
        _svg(chart),
        _legend(chart),
        folded("Figures", _figures(chart)),
    )


def _svg(chart: TimeSeriesChart) -> Element:
    lowest, highest, _ = chart.scale
    first, last = chart.span
    seconds = (last - first).total_seconds()

    def x_of(at: datetime) -> float:
        return _WIDE * (at - first).total_seconds() / seconds if seconds else _WIDE / 2

    def y_of(value: float) -> float:
        return _PLOT * (highest - value) / (highest - lowest)

    shapes = [shape for line in chart.lines for shape in _shapes(chart, line, x_of, y_of)]
    plot = tag(
        "svg",
        *shapes,
        x=0,
        y=_TOP,
        width="100%",
        height=_PLOT,
        viewBox=f"0 0 {_WIDE:g} {_PLOT}",
        preserveAspectRatio="none",
        class_="plot",
    )
    return tag(
        "svg",
        tag("title", chart.title),
        tag("desc", chart.description),
        *_grid(chart, y_of),
        *(_level(level, _TOP + y_of(level.value)) for level in chart.levels),
        plot,
        *_moments(first, last),
        role="img",
        height=_HEIGHT,
        class_="over-time",
    )


def _grid(chart: TimeSeriesChart, y_of: Callable[[float], float]) -> Iterator[Element]:
    lowest, highest, step = chart.scale
    for i in range(round((highest - lowest) / step) + 1):
        value = lowest + i * step
        y = f"{_TOP + y_of(value):.1f}"
        yield tag("line", x1=0, x2="100%", y1=y, y2=y, class_="grid")
        yield tag(
            "text", chart.format_value(value).replace(".0%", "%"), x=-8, y=y, dy=4, text_anchor="end", class_="axis"
        )


def _level(level: Level, y: float) -> Element:
    return tag("line", x1=0, x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", class_=level.style)


def _moments(first: datetime, last: datetime) -> Iterator[Element]:
    y = _HEIGHT - 6
    if first == last:
        yield tag("text", short_moment(first), x="50%", y=y, text_anchor="middle", class_="axis")
        return
    yield tag("text", short_moment(first), x=0, y=y, class_="axis")
    yield tag("text", short_moment(first + (last - first) / 2), x="50%", y=y, text_anchor="middle", class_="axis wide")
    yield tag("text", short_moment(last), x="100%", y=y, text_anchor="end", class_="axis")


def _shapes(
    chart: TimeSeriesChart, line: Line, x_of: Callable[[datetime], float], y_of: Callable[[float], float]
) -> Iterator[Element]:
    for run in runs(line.points, chart.step):
        if all(point.low is not None and point.high is not None for point in run):
            edge = [(point.at, point.high or 0.0) for point in run]
            edge += [(point.at, point.low or 0.0) for point in reversed(run)]
            yield tag("path", d=_path([(x_of(at), y_of(value)) for at, value in edge]) + "Z", class_="band")
        yield tag("path", d=_path([(x_of(point.at), y_of(point.value)) for point in run]), class_=line.style)
    for point in line.points:
        # A line of no length: its cap is round, or square, however the plot is stretched.
        dot = f"M{x_of(point.at):.1f} {y_of(point.value):.1f}h0"
        description = f"{line.name}, {moment(point.at)}: {_describe_point(chart, point)}"
        yield tag(
            "path", tag("title", description), d=dot, class_=chart.mark if point.is_marked else f"dot {line.style}"
        )


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)


def _describe_point(chart: TimeSeriesChart, point: Point) -> str:
    ends = [chart.format_value(end) for end in (point.low, point.high) if end is not None]
    interval = f" ({' to '.join(ends)})" if ends else ""
    return chart.format_value(point.value) + interval + (f", {chart.marked}" if point.is_marked else "")


def _legend(chart: TimeSeriesChart) -> Element:
    entries = [_entry(line.style, line.name) for line in chart.lines]
    entries += [_entry(level.style, f"{level.name} {chart.format_value(level.value)}") for level in chart.levels]
    if any(point.is_marked for line in chart.lines for point in line.points):
        entries.append(_entry(chart.mark, chart.marked))
    return tag("ul", *entries, class_="legend")


def _entry(style: Style | Mark, name: str) -> Element:
    shape = "M14 6h0" if style in ("alarm", "aside") else "M1 6H27"
    sample = tag("svg", tag("path", d=shape, class_=style), width=28, height=12, aria_hidden="true")
    return tag("li", sample, name)


def _figures(chart: TimeSeriesChart) -> Element:
    columns = [{point.at: _describe_point(chart, point) for point in line.points} for line in chart.lines]
    rows = [[moment(at), *(column.get(at, NOTHING) for column in columns)] for at in reversed(chart.moments)]
    return table(chart.title, ["window from", *(line.name for line in chart.lines)], rows)
