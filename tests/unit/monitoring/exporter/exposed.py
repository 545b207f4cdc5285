"""What Prometheus reads, checked against the catalogue."""

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from newsdesk.monitoring.catalogue import MODEL_WATCH, PIPELINE_WATCH
from newsdesk.monitoring.metric_samples import MetricSample, prometheus_text

Values = dict[tuple[str, ...], float]

_WATCH = {metric.name: metric for metric in (*MODEL_WATCH, *PIPELINE_WATCH)}


def values(text: str) -> Values:
    """Every value by its name and the values of its labels, in the order of the catalogue.

    Fails where a metric is not one that the exporter may tell, has another type or other labels, or stands there twice.
    """
    found: Values = {}
    for family in text_string_to_metric_families(text):
        metric = _WATCH[family.name + ("_total" if family.type == "counter" else "")]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        for sample in family.samples:
            assert set(sample.labels) == set(metric.labels)
            key = (sample.name, *(sample.labels[name] for name in metric.labels))
            assert key not in found
            found[key] = sample.value
    return found


def exposed(samples: Iterable[MetricSample]) -> Values:
    """The samples as Prometheus reads them."""
    return values(prometheus_text(samples).decode())
