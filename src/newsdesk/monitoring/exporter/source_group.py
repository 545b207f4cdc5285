"""All that is read, together: a source that is away takes its own values with it, and no others."""

import time

from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.monitoring.exporter.airflow_source import AirflowSource
from newsdesk.monitoring.exporter.polled_source import PolledSource
from newsdesk.monitoring.exporter.registry_source import RegistrySource
from newsdesk.monitoring.exporter.store_source import StoreSource
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.store.connection import StoreConnection

PATIENCE = 8.0  # seconds for all sources together; Prometheus waits for 10


class SourceGroup:
    """Safe to use from several threads."""

    def __init__(self, sources: list[PolledSource]) -> None:
        self._sources = sources

    def samples(self, timeout: float = PATIENCE) -> list[MetricSample]:
        """What all sources tell, at most as old as their interval, after `timeout` seconds at the latest."""
        deadline = time.monotonic() + timeout
        for source in self._sources:
            source.begin()
        return [sample for source in self._sources for sample in source.samples(deadline - time.monotonic())]


def open_sources(settings: Settings, pipeline: PipelineConfig, airflow: AirflowSource | None = None) -> SourceGroup:
    """The store, the registry, and Airflow where it is given. Raises `RegistryError` for an address that is none."""
    models = RegistrySource(settings)
    store_source = StoreSource(StoreConnection(settings.database), models, pipeline.monitoring)
    readers = {"store": store_source.read, "registry": models.read}
    if airflow:
        readers["airflow"] = airflow.read
    return SourceGroup([PolledSource(name, read, settings.exporter_interval) for name, read in readers.items()])
