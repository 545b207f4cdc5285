"""A report of monitoring as metrics."""

from collections.abc import Collection, Iterator, Mapping
from typing import get_args

from newsdesk.monitoring import catalogue
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.monitoring.report import LabelState, Performance, Report, State, Window

_LABEL_STATES: tuple[LabelState, ...] = get_args(LabelState)
_STATES: tuple[State, ...] = get_args(State)


def report_samples(report: Report, categories: Collection[str]) -> list[MetricSample]:
    """The report's figures: accuracy over all windows that were looked at, drift of the newest window.

    `categories` are those that the model knows: editors may name others, which never become labels.
    """
    return [
        *_performance_samples(report.by_version.get(report.version), categories),
        *_arm_samples(report.by_arm),
        *(MetricSample(catalogue.LABELS, (state,), report.labels.get(state, 0)) for state in _LABEL_STATES),
        *_window_samples(report.newest),
        MetricSample(catalogue.RETRAINING, (), float(report.decision.retrain)),
    ]


def _performance_samples(performance: Performance | None, categories: Collection[str]) -> Iterator[MetricSample]:
    if performance is None:
        return
    if performance.estimated is not None:
        yield MetricSample(catalogue.ACCURACY, ("estimated",), performance.estimated)
    if live := performance.accuracy:
        yield MetricSample(catalogue.ACCURACY, ("live",), live.share)
        yield MetricSample(catalogue.ACCURACY_BOUND, ("low",), live.low)
        yield MetricSample(catalogue.ACCURACY_BOUND, ("high",), live.high)
    elif performance.at_most:
        yield MetricSample(catalogue.ACCURACY_BOUND, ("high",), performance.at_most.high)
    for category, figures in performance.per_class.items():
        if figures.f1 is not None and category in categories:
            yield MetricSample(catalogue.CLASS_F1, (category, "live"), figures.f1)
    yield MetricSample(catalogue.COVERAGE, (), performance.coverage)


def _arm_samples(arms: Mapping[str, Performance]) -> Iterator[MetricSample]:
    for arm, performance in arms.items():
        if arm and performance.accuracy:  # "" is outside of experiments
            yield MetricSample(catalogue.ARM_ACCURACY, (arm,), performance.accuracy.share)


def _window_samples(window: Window | None) -> Iterator[MetricSample]:
    if window is None:
        return
    for score in window.scores:
        yield MetricSample(catalogue.DRIFT_SCORE, (score.feature,), score.score)
        yield MetricSample(catalogue.DRIFT_DETECTED, (score.feature,), float(score.detected))
    for state in _STATES:
        yield MetricSample(catalogue.DRIFT_STATE, (state,), float(state == window.state))
    yield MetricSample(catalogue.WINDOW_END, (), window.end.timestamp())
    yield MetricSample(catalogue.WINDOW_PREDICTIONS, (), window.performance.predictions)
