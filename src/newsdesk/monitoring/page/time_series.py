"""What a chart over time shows, as values."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from newsdesk.monitoring.page.formatting import percent

Mark = Literal["alarm", "aside"]
Style = Literal["first", "second", "level", "limit"]  # how a line looks: by its dashes as well as by its colour
_LEAST_SPREAD = 1e-6  # of what is shown, so that rounding is no matter where all values are the same


@dataclass(frozen=True)
class Point:
    """A value at a moment, the interval that it surely lies in, and whether it deserves a look."""

    at: datetime
    value: float
    low: float | None = None
    high: float | None = None
    is_marked: bool = False


@dataclass(frozen=True)
class Line:
    """Points in the order of time. Where some are missing, the line is interrupted."""

    name: str
    points: Sequence[Point]
    style: Style = "first"


@dataclass(frozen=True)
class Level:
    """A value that does not change."""

    name: str
    value: float
    style: Style = "limit"


@dataclass(frozen=True)
class TimeSeriesChart:
    """Lines over the beginnings of windows that are `step` long. `marked` names what marked points are, `format_value`
    writes a value. The scale must reach `extra_values`, the time axis `extra_moments`: charts side by side share both.
    """

    title: str
    description: str
    step: timedelta
    lines: Sequence[Line]
    levels: Sequence[Level] = ()
    marked: str = ""
    mark: Mark = "alarm"
    extra_values: Sequence[float] = ()
    extra_moments: Sequence[datetime] = ()
    format_value: Callable[[float], str] = field(default=percent)

    @property
    def moments(self) -> list[datetime]:
        return sorted({point.at for line in self.lines for point in line.points})

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first and the last moment to show."""
        moments = [*self.moments, *self.extra_moments]
        return min(moments), max(moments)

    @property
    def scale(self) -> tuple[float, float, float]:
        """The lowest and the highest value to show, and the step between grid lines: 1, 2 or 5 times a power of 10."""
        points = [point for line in self.lines for point in line.points]
        ends = [end for point in points for end in (point.low, point.high) if end is not None]
        values = (
            [point.value for point in points] + ends + [level.value for level in self.levels] + [*self.extra_values]
        )
        lowest, highest = min(values), max(values)
        min_step = max(highest - lowest, _LEAST_SPREAD * max(1.0, abs(highest))) / 4
        power = 10.0 ** math.floor(math.log10(min_step))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= min_step * 0.999)
        first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
        return first * step, max(last, first + 1) * step, step


def runs(points: Sequence[Point], step: timedelta) -> Iterator[list[Point]]:
    """The points, cut where windows are missing."""
    run: list[Point] = []
    for point in points:
        if run and point.at - run[-1].at > step:
            yield run
            run = []
        run.append(point)
    if run:
        yield run
