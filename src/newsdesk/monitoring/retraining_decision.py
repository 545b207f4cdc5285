"""Whether to retrain: a rule with hysteresis, so that one bad window, or what was bad and is over, is not enough."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from newsdesk.config.pipeline_config import AlertThresholds, Retraining
from newsdesk.monitoring.report import Decision, Window
from newsdesk.store.pipeline_runs import Status

# Retrainings that came as far as they could: the cool-down counts from the newest of them. One that failed is among
# them, lest it fail every hour.
ATTEMPTED: tuple[Status, ...] = ("succeeded", "kept", "refused", "waiting", "failed")


def decide_retraining(
    windows: Sequence[Window],
    *,
    test_accuracy: float,
    thresholds: AlertThresholds,
    rule: Retraining,
    new_labels: int,
    last_retraining: datetime | None,
    now: datetime,
    new_without_text: int = 0,
) -> Decision:
    """Retrain where the newest judged window and enough of those before it are bad, the last retraining is long enough
    ago, and there is enough to learn from. `new_labels` counts labels since the last training
    that can train a model, `new_without_text` those that cannot, for their texts are not kept.

    A window is judged when it has ended and had enough texts. It is bad when its drift is confirmed, or when its
    accuracy by feedback is surely lost: the upper end of its 95 % interval is below `accuracy_threshold`, or more than
    `max_accuracy_drop` below that of the test set. So it is where all texts count as right that nobody corrected.
    """
    least = needed_accuracy(test_accuracy, thresholds, rule)
    ended = sorted((window for window in windows if window.end <= now), key=lambda window: window.start)
    judged = [window for window in ended if window.state != "too_few"][-rule.windows :]
    bad = [window for window in judged if _what_is_bad(window, least)]
    reason, retrain = _reason(judged, bad, least, rule, new_labels, last_retraining, now)
    if new_without_text:
        reason += (
            f" {new_without_text:,} more {'label' if new_without_text == 1 else 'labels'} can teach nothing, for their "
            "texts are not kept: send the text with the feedback."
        )
    return Decision(retrain, reason, len(bad), len(judged), new_labels, new_without_text)


def needed_accuracy(test_accuracy: float, thresholds: AlertThresholds, rule: Retraining) -> float:
    """Accuracy by feedback that is surely below it is lost."""
    return max(thresholds.accuracy_threshold, test_accuracy - rule.max_accuracy_drop)


def _reason(
    judged: list[Window],
    bad: list[Window],
    least: float,
    rule: Retraining,
    new_labels: int,
    last_retraining: datetime | None,
    now: datetime,
) -> tuple[str, bool]:
    if not judged:
        return "No window has ended that had enough texts to be judged.", False
    figures = f"{len(bad)} of the newest {len(judged)} judged windows are bad"
    if len(bad) < rule.bad_windows:
        asked = f"{figures}; {rule.bad_windows} of {rule.windows} would ask for a new model."
        return asked + _unconfirmable(judged), False
    what = _what_is_bad(judged[-1], least)
    if not what:
        return f"{figures}, but the newest is not.", False
    if last_retraining is not None and now < last_retraining + timedelta(seconds=rule.cool_down):
        until = last_retraining + timedelta(seconds=rule.cool_down)
        return f"{figures}, but the last retraining was {_moment(last_retraining)}: wait until {_moment(until)}.", False
    if new_labels < rule.min_new_labels:
        return f"{figures}, but there are {new_labels:,} new labels: {rule.min_new_labels:,} are needed.", False
    return f"{figures}, in the newest {what}; there are {new_labels:,} new labels.", True


def _unconfirmable(judged: Sequence[Window]) -> str:
    """Drift that cannot be confirmed makes no window bad: that must be known."""
    reasons = [window.unconfirmable for window in judged if window.unconfirmable]
    return f" Drift is suspected in {len(reasons)} of them and cannot be confirmed: {reasons[-1]}." if reasons else ""


def _what_is_bad(window: Window, least: float) -> str:
    """In words; empty where nothing is."""
    accuracy = window.performance.accuracy
    if accuracy is not None and accuracy.high < least:
        figures = f"{accuracy.share:.1%} of {accuracy.of:,} labelled texts, at most {accuracy.high:.1%}"
        return f"accuracy is lost ({figures}; {least:.1%} is needed)"
    at_most = window.performance.at_most
    if at_most is not None and at_most.high < least:
        figures = f"at most {at_most.share:.1%}: {window.performance.wrong:,} of {at_most.of:,} texts were corrected"
        return f"accuracy is lost ({figures}; {least:.1%} is needed)"
    return "drift is confirmed" if window.state == "confirmed" else ""


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
