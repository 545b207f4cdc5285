"""Every metric that Newsdesk exposes: its name, type, labels and meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

Child = TypeVar("Child", Counter, Histogram)
Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Metric:
    """One metric. `name` is what Prometheus shows; a histogram also has `name`_bucket, _sum and _count."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

REQUESTS = Metric("api_requests_total", "counter", "Requests answered.", ("method", "endpoint", "status"))
DURATION = Metric(
    "api_request_duration_seconds", "histogram", "Time from request to answer.", ("method", "endpoint"), _SECONDS
)
IN_PROGRESS = Metric("api_requests_in_progress", "gauge", "Requests that are being answered now.")
PREDICTIONS = Metric("predictions_total", "counter", "Predictions made.", ("category", "model_version"))
CONFIDENCE = Metric(
    "prediction_confidence", "histogram", "Probability of the predicted category.", ("model_version",), _SHARES
)
CACHE = Metric("prediction_cache_requests_total", "counter", "Looks into the cache of answers.", ("result",))
MODEL_INFO = Metric("model_info", "gauge", "1 for the model in charge.", ("version", "digest", "model_type"))
ACCURACY = Metric("model_accuracy", "gauge", "Accuracy of the model in charge.", ("source",))
SWAPS = Metric("model_swaps_total", "counter", "Changes of the model in charge, by how they ended.", ("result",))
MODEL_ERRORS = Metric("model_errors_total", "counter", "Predictions that failed in the model.", ("model_version",))
LOG_RECORDS = Metric(
    "prediction_log_records_total", "counter", "Predictions on their way into the store, by what became of them.",
    ("result",),
)  # fmt: skip
SHADOW = Metric(
    "experiment_comparisons_total", "counter", "Answers of the challenger in the shadow, by what they were.",
    ("result",),
)  # fmt: skip
FEEDBACK = Metric("feedback_total", "counter", "Corrections by editors, by what became of them.", ("result",))

CATALOGUE = (
    REQUESTS,
    DURATION,
    IN_PROGRESS,
    PREDICTIONS,
    CONFIDENCE,
    CACHE,
    MODEL_INFO,
    ACCURACY,
    SWAPS,
    MODEL_ERRORS,
    LOG_RECORDS,
    SHADOW,
    FEEDBACK,
)


def labelled(metric: Child) -> Callable[..., Child]:
    """`metric.labels`, five times as fast for labels that were used before. For labels of few values only."""
    return cache(metric.labels)


class ApiMetrics:
    """The metrics of one server process, in a registry of their own.

    Where PROMETHEUS_MULTIPROC_DIR is set before this is imported, each process writes its values there, for all of
    them to be told together.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # one series more for each, of no use to anyone here
        self.registry = CollectorRegistry()
        self.requests = self._counter(REQUESTS)
        self.duration = self._histogram(DURATION)
        self.in_progress = self._gauge(IN_PROGRESS, "livesum")
        self.predictions = self._counter(PREDICTIONS)
        self.confidence = self._histogram(CONFIDENCE)
        self.cache = self._counter(CACHE)
        self.model_info = self._gauge(MODEL_INFO, "livemax")
        self.accuracy = self._gauge(ACCURACY, "livemostrecent")
        self.swaps = self._counter(SWAPS)
        self.model_errors = self._counter(MODEL_ERRORS)
        self.log_records = self._counter(LOG_RECORDS)
        self.shadow = self._counter(SHADOW)
        self.feedback = self._counter(FEEDBACK)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, registry=self.registry, buckets=metric.buckets)

    def _gauge(self, metric: Metric, of_several: Literal["livesum", "livemax", "livemostrecent"]) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry, multiprocess_mode=of_several)
