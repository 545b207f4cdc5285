"""Small makers of votes."""

from collections.abc import Iterable
from datetime import timedelta

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.labels import Labels, usable_labels
from newsdesk.store.feedback import Vote
from tests.unit.store.rows import NOON

# Few enough that a few votes reach them.
LIMITS = FeedbackLimits(max_per_editor_and_day=8, max_per_caller_and_day=12, min_compared=4)


def vote(text: str, category: str, editor: str = "Ruth", caller: str | None = "newsroom", second: int = 0) -> Vote:
    """What an editor said of a text, so many seconds after noon."""
    return Vote(text, editor, category, NOON + timedelta(seconds=second), caller)


def answered(given: Vote, category: str, confidence: float) -> Vote:
    """The vote as one about a prediction."""
    return given._replace(predicted=category, confidence=confidence)


def texts(count: int, prefix: str = "text") -> list[str]:
    """Stand-ins for digests."""
    return [f"{prefix}{number}" for number in range(count)]


def labels_of(votes: Iterable[Vote], limits: FeedbackLimits = LIMITS) -> Labels:
    """What votes come to, where nothing else was predicted."""
    return usable_labels(votes, {}, limits)
