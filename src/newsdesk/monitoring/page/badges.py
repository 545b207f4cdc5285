"""Signs of how things are: a shape and a word beside the colour."""

from collections.abc import Mapping
from types import MappingProxyType
from xml.etree.ElementTree import Element

from newsdesk.monitoring.page.formatting import STATES
from newsdesk.monitoring.page.headline import Headline, Level
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.report import State

_SHAPES: Mapping[Level, str] = MappingProxyType(
    {
        "good": "M7 14.5l5 5 9.5-11",
        "watch": "M14 7v9M14 20.5v.5",
        "bad": "M9 9l10 10M19 9L9 19",
        "unknown": "M8 14h12",
    }
)
_LEVELS: Mapping[State, Level] = MappingProxyType(
    {"too_few": "unknown", "none": "good", "suspected": "watch", "confirmed": "bad"}
)


def banner(headline: Headline) -> Element:
    """The headline, with its sign."""
    ring = tag("circle", cx=14, cy=14, r=13, fill="none", stroke="currentColor", stroke_width=2)
    mark = tag("path", d=_SHAPES[headline.level], stroke="currentColor", stroke_width=2.5, stroke_linecap="round")
    sign = tag("svg", ring, mark, viewBox="0 0 28 28", aria_hidden="true")
    return tag("p", sign, tag("span", headline.sentence), class_=f"headline {headline.level}", role="status")


def state(value: State) -> Element:
    """The state of a window in words."""
    return tag("span", STATES[value], class_=f"state {_LEVELS[value]}")


def detected(is_drift: bool) -> Element:
    """Whether a score is drift, in words."""
    return tag("span", "drift" if is_drift else "no", class_=f"state {'bad' if is_drift else 'good'}")
