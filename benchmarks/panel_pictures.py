"""Panels of a dashboard, drawn by matplotlib: not as Grafana draws them, but what it would draw."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from PIL import Image

from monitoring.grafana.source.model import BAD, GOOD, GREY, SERIES, Panel

COLUMNS = 4
MOST = 8  # series that are named, and bars
_LOOK: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
}
_BYTES = 1024.0


@dataclass(frozen=True)
class Series:
    """One line: its minutes and values."""

    name: str
    minutes: list[float]
    values: list[float]


@dataclass(frozen=True)
class Drawn:
    panel: Panel
    series: list[Series]


def draw(title: str, panels: Sequence[Drawn], file: Path) -> None:
    """Write all panels of a dashboard as one PNG, those of single figures first."""
    figures = [each for each in panels if each.panel.kind == "figure"]
    others = [each for each in panels if each.panel.kind != "figure"]
    low, high = math.ceil(len(figures) / COLUMNS), math.ceil(len(others) / COLUMNS)
    heights = [1.1] * low + [2.4] * high
    with rc_context(_LOOK):
        figure = Figure(figsize=(16, sum(heights) + 0.5), layout="constrained")
        figure.suptitle(f"{title}. Time is in minutes since the start.", fontsize=12)
        places = figure.subplots(low + high, COLUMNS, squeeze=False, gridspec_kw={"height_ratios": heights})
        _fill(places[:low].ravel().tolist(), figures)
        _fill(places[low:].ravel().tolist(), others)
        content = BytesIO()
        figure.savefig(content, format="png", dpi=72, metadata={"Software": None})
    with Image.open(content) as drawn:  # a palette makes a third of the size
        few_colours = drawn.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    file.parent.mkdir(exist_ok=True)
    few_colours.save(file, optimize=True)


def _fill(places: Sequence[Axes], panels: Sequence[Drawn]) -> None:
    for place, each in zip(places, panels, strict=False):
        place.set_title(each.panel.title, loc="left", fontweight="bold")
        _drawing(each)(place, each)
    for place in places[len(panels) :]:
        place.axis("off")


def in_unit(value: float, unit: str) -> str:
    """A value as Grafana shows it in that unit."""
    match unit:
        case "percentunit":
            return f"{_number(value * 100)} %"
        case "s":
            return _duration(value)
        case "bytes" | "binBps":
            return _bytes(value) + ("/s" if unit == "binBps" else "")
        case "reqps" | "ops":
            return f"{_number(value)}/s"
        case "cpm":
            return f"{_number(value)}/min"
        case _:
            return _number(value)


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def _duration(seconds: float) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if abs(seconds) >= size:
            return f"{_number(seconds / size)} {name}"
    return f"{_number(seconds * 1000)} ms"


def _bytes(value: float) -> str:
    for name in ("B", "KiB", "MiB"):
        if abs(value) < _BYTES:
            return f"{_number(value)} {name}"
        value /= _BYTES
    return f"{_number(value)} GiB"


def _drawing(each: Drawn) -> Callable[[Axes, Drawn], None]:
    if not each.series:
        return _nothing
    match each.panel.kind:
        case "trend":
            return _lines
        case "share":
            return _areas
        case "figure":
            return _figures
        case "states":
            return _states
        case _:
            return _bars


def _nothing(place: Axes, _: Drawn) -> None:
    place.axis("off")
    place.text(0.5, 0.5, "no data", ha="center", color=GREY, transform=place.transAxes)


def _lines(place: Axes, each: Drawn) -> None:
    for number, series in enumerate(each.series):
        name = series.name if number < MOST else None
        place.plot(series.minutes, series.values, label=name, color=SERIES[number % len(SERIES)], linewidth=1.4)
    _axis(place, each.panel)
    top = place.get_ylim()[1]
    for limit, colour in each.panel.limits[1:]:
        if limit <= top:
            place.axhline(limit, color=colour, linestyle="--", linewidth=0.8)
    if len(each.series) > 1 or each.series[0].name:
        place.legend(loc="best", ncols=2)


def _areas(place: Axes, each: Drawn) -> None:
    minutes = sorted({minute for series in each.series for minute in series.minutes})
    points = [dict(zip(series.minutes, series.values, strict=True)) for series in each.series]
    heights = [[at.get(minute, 0.0) for minute in minutes] for at in points]
    names = [series.name if number < MOST else "_" for number, series in enumerate(each.series)]
    place.stackplot(minutes, heights, labels=names, colors=SERIES, alpha=0.8)
    _axis(place, each.panel)
    place.legend(loc="upper left", ncols=2, frameon=True, framealpha=0.7)


def _axis(place: Axes, panel: Panel) -> None:
    place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: in_unit(value, panel.unit)))
    place.set_ylim(bottom=0, top=panel.end)


def _figures(place: Axes, each: Drawn) -> None:
    place.axis("off")
    words = {float(value): text for value, text, _ in each.panel.words}
    size = 17 if len(each.series) < 3 else 13
    for number, series in enumerate(each.series[:MOST]):
        value = series.values[-1]
        text = words.get(value, in_unit(value, each.panel.unit))
        across = (number + 0.5) / min(len(each.series), MOST)
        place.text(across, 0.55, text, ha="center", fontsize=size, color=GOOD, transform=place.transAxes)
        place.text(across, 0.3, fill(series.name, 18), ha="center", va="top", fontsize=7, transform=place.transAxes)


def _bars(place: Axes, each: Drawn) -> None:
    newest = sorted(((series.values[-1], series.name) for series in each.series), reverse=True)[:MOST][::-1]
    limits = dict(each.panel.limits_of)
    colours = [BAD if value > limits.get(name, math.inf) else GOOD for value, name in newest]
    bars = place.barh([name for _, name in newest], [value for value, _ in newest], color=colours)
    place.bar_label(bars, [f" {in_unit(value, each.panel.unit)}" for value, _ in newest], fontsize=7)
    place.set_xlim(0, each.panel.end or max(value for value, _ in newest) * 1.25 or 1)
    place.xaxis.set_visible(False)
    place.tick_params(labelsize=7)


def _states(place: Axes, each: Drawn) -> None:
    names = sorted({series.name for series in each.series}, reverse=True)[-MOST:]
    colour_of = {float(value): colour for value, _, colour in each.panel.words}
    for series in each.series:
        if series.name in names:
            row = [names.index(series.name)] * len(series.minutes)
            colours = [colour_of.get(value, GREY) for value in series.values]
            place.scatter(series.minutes, row, c=colours, marker="s", s=14)
    place.set_yticks(range(len(names)), names, fontsize=7)
    place.set_ylim(-0.7, len(names) - 0.3)
