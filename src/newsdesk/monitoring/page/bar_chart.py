"""Bars as SVG: lengths stretch with the page, words keep their size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from newsdesk.monitoring.page.formatting import percent
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.page.tables import folded, table

_LONGEST = 78.0  # percent of the width; the figure stands behind the bar
_BAR_HEIGHT, _BAR_STEP = 10, 13  # pixels: a bar, and from one bar of a group to the next
_NAME_BASELINE = 16  # pixels from the top of a group to the line that its name stands on


@dataclass(frozen=True)
class Bars:
    """A group of bars for each of `names`. `series` has the values by name, None where there is none; the second one
    looks hollow."""

    title: str
    description: str
    names: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]
    longest: float | None = None  # the value of the longest possible bar
    format_value: Callable[[float | None], str] = percent


def bar_chart(bars: Bars) -> Element:
    """The chart, its legend, and the figures it shows."""
    headings = ["", *(name for name, _ in bars.series)]
    rows = [[name, *(bars.format_value(values[i]) for _, values in bars.series)] for i, name in enumerate(bars.names)]
    return tag(
        "figure",
        tag("figcaption", tag("h3", bars.title), tag("p", bars.description, class_="note")),
        _svg(bars),
        _legend(bars) if len(bars.series) > 1 else None,
        folded("Figures", table(bars.title, headings, rows)),
    )


def _svg(bars: Bars) -> Element:
    known = [value for _, values in bars.series for value in values if value is not None]
    longest = bars.longest or max(known, default=0.0) or 1.0
    group = _NAME_BASELINE + 6 + _BAR_STEP * len(bars.series) + 6
    return tag(
        "svg",
        tag("title", bars.title),
        tag("desc", bars.description),
        *(
            shape
            for i, name in enumerate(bars.names)
            for shape in _group(name, [values[i] for _, values in bars.series], i * group, longest, bars.format_value)
        ),
        role="img",
        width="100%",
        height=group * len(bars.names),
    )


def _group(
    name: str, values: Sequence[float | None], top: int, longest: float, format_value: Callable[[float | None], str]
) -> list[Element]:
    shapes = [tag("text", name, x=0, y=top + _NAME_BASELINE, class_="name")]
    for i, value in enumerate(values):
        y = top + _NAME_BASELINE + 6 + i * _BAR_STEP
        length = f"{_LONGEST * min((value or 0.0) / longest, 1.0):.2f}%"
        shapes.append(
            tag("rect", x=0, y=y, width=length, height=_BAR_HEIGHT, rx=2, class_="bar" if i == 0 else "hollow")
        )
        shapes.append(tag("text", format_value(value), x=length, y=y, dx=6, dy=9, class_="axis"))
    return shapes


def _legend(bars: Bars) -> Element:
    def entry(name: str, style: str) -> Element:
        shape = tag("rect", x=1, y=1, width=26, height=_BAR_HEIGHT, rx=2, class_=style)
        return tag("li", tag("svg", shape, width=28, height=12, aria_hidden="true"), name)

    return tag(
        "ul", *(entry(name, "hollow" if i else "bar") for i, (name, _) in enumerate(bars.series)), class_="legend"
    )


def shares(counts: Mapping[str, int], names: Sequence[str]) -> list[float | None]:
    """What share of all each has."""
    total = sum(counts.values())
    return [counts.get(name, 0) / total if total else None for name in names]
