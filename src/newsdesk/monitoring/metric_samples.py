"""Values that are read when somebody asks for them, as Prometheus takes them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from newsdesk.monitoring.catalogue import Metric


class MetricSample(NamedTuple):
    """A value of a gauge or counter, with the values of its labels in the order of the catalogue."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class _Samples(Collector):
    def __init__(self, samples: Iterable[MetricSample]) -> None:
        self._samples = list(samples)

    def collect(self) -> Iterator[Family]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for metric, labels, value in self._samples:
            family = families.get(metric.name)
            if family is None:
                kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                family = families[metric.name] = kind(metric.name, metric.help, labels=metric.labels)
            family.add_metric(labels, value)
        yield from families.values()


def prometheus_text(samples: Iterable[MetricSample]) -> bytes:
    """The samples in the text format of Prometheus, each metric once with all its series."""
    registry = CollectorRegistry()
    registry.register(_Samples(samples))
    return generate_latest(registry)
