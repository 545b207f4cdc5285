"""The text that Prometheus reads, for one server process or for all of them together."""

from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from newsdesk.serving.worker_slots import metric_files, shared_folder


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """The metrics and their content type; of all processes where several share a folder for them."""
    if shared_folder() is None:
        return generate_latest(registry), CONTENT_TYPE_LATEST
    merged_registry = CollectorRegistry()
    merged_registry.register(_AllWorkersCollector())
    return generate_latest(merged_registry), CONTENT_TYPE_LATEST


class _AllWorkersCollector(Collector):
    def collect(self) -> Iterable[Metric]:
        folder = shared_folder()
        files = [str(file) for file in metric_files(folder)] if folder else []
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged
