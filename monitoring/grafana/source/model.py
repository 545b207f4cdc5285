"""What a dashboard is made of, as plain values."""

from dataclasses import dataclass
from typing import Literal

# trend: lines over time. share: stacked areas. figure: one large value each. bars: the newest value of each series.
# states: bands over time. table: one row a series. map: a world map by the label `country`. alerts: Grafana's own list.
Kind = Literal["trend", "share", "figure", "bars", "states", "table", "map", "alerts"]

# Colours of Okabe and Ito, which people with any kind of colour vision can tell apart.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999",
)  # fmt: skip
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, GREY)
GOOD, WARNING, BAD = BLUE, ORANGE, VERMILION

# What a value means: the value, its text, its colour.
YES_NO = (("0", "no", BAD), ("1", "yes", GOOD))
NO_YES = (("0", "no", GOOD), ("1", "yes", WARNING))
HAPPENED = (("1", "●", GOOD),)


@dataclass(frozen=True)
class Query:
    """A PromQL expression and the name of its series, with labels as `{{label}}`."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One panel. `unit` is Grafana's; `limits` are the values from which a colour holds, the first from the lowest.

    `limits_of` are those of single series, by name. `words` say what a value means.
    `end` is the upper end of the axis where it is known. Width in the 24 columns of Grafana.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "trend"
    limits: tuple[tuple[float, str], ...] = ()
    limits_of: tuple[tuple[str, float], ...] = ()
    words: tuple[tuple[str, str, str], ...] = ()
    end: float | None = None
    width: int = 8


@dataclass(frozen=True)
class Variable:
    """A choice at the head of the dashboard: every value of a label, or a text with a default."""

    name: str
    label: str
    metric: str = ""
    of: str = ""
    text: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    sections: tuple[Section, ...]


def above(warning: float, bad: float) -> tuple[tuple[float, str], ...]:
    """High is bad."""
    return ((0.0, GOOD), (warning, WARNING), (bad, BAD))


def below(bad: float, warning: float) -> tuple[tuple[float, str], ...]:
    """Low is bad."""
    return ((0.0, BAD), (bad, WARNING), (warning, GOOD))
