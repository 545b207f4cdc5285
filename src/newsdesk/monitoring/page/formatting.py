"""How figures, moments and states are said, on the page and in the terminal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from newsdesk.monitoring.report import Confusion, DriftFeature, Estimate, LabelState, Measure, State
from newsdesk.monitoring.significance import Proportion

DRIFT_FEATURES: Mapping[DriftFeature, tuple[str, str]] = MappingProxyType(
    {
        "category_mix": ("category mix", "which categories are predicted"),
        "confidence": ("confidence", "how sure the model is"),
        "text_length": ("text length", "how long the texts are"),
        "known_words": ("known words", "what share of their words the model knows"),
        "language": ("language", "in which languages they seem to be"),
        "top_terms": ("top terms", "which of the most frequent terms they contain"),
        "domain_classifier": (
            "domain classifier",
            "how well a classifier tells them from the reference's (0.5: not at all)",
        ),
    }
)
STATES: Mapping[State, str] = MappingProxyType(
    {
        "too_few": "not judged: too few texts",
        "none": "no drift",
        "suspected": "drift suspected",
        "confirmed": "drift confirmed",
    }
)
LABEL_STATES: Mapping[LabelState, str] = MappingProxyType(
    {
        "used": "counts, and trains the next model",
        "text_missing": "counts, but cannot train: its text is not kept; send it with the feedback",
        "contradicted": "editors are divided",
        "flood": "beyond a limit of its editor or API key and day",
        "distrusted": "of an editor or API key that disagrees too often",
    }
)
MEASURES: Mapping[Measure, str] = MappingProxyType({"f1": "F1", "corrected": "share corrected"})
NOTHING = "–"
TOO_FEW = "too few"
RUNNING = "window still running"


def percent(share: float | None, digits: int = 1) -> str:
    """`93.1%`; a dash for nothing."""
    return NOTHING if share is None else f"{share:.{digits}%}"


def with_interval(share: Proportion | None, digits: int = 1) -> str:
    """`93.1% (90.2% to 95.3%)`: the share and its 95 % interval."""
    if share is None:
        return NOTHING
    low, high = percent(share.low, digits), percent(share.high, digits)
    return f"{percent(share.share, digits)} ({low} to {high})"


def measured(measure: Measure, estimate: Estimate) -> str:
    """`0.62 (0.48 to 0.74)` for F1, `12.0% (8.1% to 17.4%)` for a share."""
    low, high = (in_measure(measure, end) for end in (estimate.low, estimate.high))
    return f"{in_measure(measure, estimate.value)} ({low} to {high})"


def in_measure(measure: Measure, value: float) -> str:
    """`0.62` for F1, `12.0%` for a share."""
    return f"{value:.2f}" if measure == "f1" else percent(value)


def mixed_up(confusion: Confusion) -> str:
    """`12 of 30 corrected from business to politics (3 of 120 before)`."""
    before = f"{confusion.count_before:,} of {confusion.of_before:,} before"
    pair = f"from {confusion.predicted} to {confusion.right}"
    return f"{confusion.count:,} of {confusion.of:,} corrected {pair} ({before})"


def moment(at: datetime) -> str:
    """`2026-03-04 12:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def short_moment(at: datetime) -> str:
    """`4 Mar 12:00`, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M}"


def p_value(value: float) -> str:
    """`0.0312`, `< 0.0001`."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def duration(seconds: int) -> str:
    """`1 hour`, `36 hours`, `2 days`: in the largest unit that fits."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % length == 0 and seconds >= length:
            count = seconds // length
            return f"{count:,} {unit}{'s' if count > 1 else ''}"
    return f"{seconds:,} seconds"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), *names[-1:]])
