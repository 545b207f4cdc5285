"""Small makers of votes."""

from collections.abc import Iterable
from datetime import timedelta

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.labels import Labels, usable_labels
from newsdesk.store.feedback import Annotation
from tests.unit.store.rows import NOON

# Few enough that a few votes reach them.
LIMITS = FeedbackLimits(max_per_editor_and_day=8, max_per_caller_and_day=12, min_compared=4)


def annotation(
    text: str, category: str, editor: str = "Ruth", caller: str | None = "newsroom", second: int = 0
) -> Annotation:
    """What an editor said of a text, so many seconds after noon."""
    return Annotation(text, editor, category, NOON + timedelta(seconds=second), caller)


def answered(given: Annotation, category: str, confidence: float) -> Annotation:
    """The vote as one about a prediction."""
    return given._replace(predicted=category, confidence=confidence)


def texts(count: int, prefix: str = "text") -> list[str]:
    """Stand-ins for digests."""
    return [f"{prefix}{number}" for number in range(count)]


def labels_of(annotations: Iterable[Annotation], limits: FeedbackLimits = LIMITS) -> Labels:
    """What votes come to, where nothing else was predicted."""
    return usable_labels(annotations, {}, limits)
