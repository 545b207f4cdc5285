"""All that is read, together: a source that is away takes its own values with it, and no others."""

import time

from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.monitoring.exporter.airflow import Airflow
from newsdesk.monitoring.exporter.models import Models
from newsdesk.monitoring.exporter.source import Source
from newsdesk.monitoring.exporter.stored import Stored
from newsdesk.monitoring.samples import Sample
from newsdesk.store.connection import StoreConnection

PATIENCE = 8.0  # seconds for all sources together; Prometheus waits for 10


class Sources:
    """Safe to use from several threads."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources

    def samples(self, patience: float = PATIENCE) -> list[Sample]:
        """What all sources tell, at most as old as their interval, after `patience` seconds at the latest."""
        until = time.monotonic() + patience
        for source in self._sources:
            source.begin()
        return [sample for source in self._sources for sample in source.samples(until - time.monotonic())]


def sources_of(settings: Settings, pipeline: PipelineConfig, airflow: Airflow | None = None) -> Sources:
    """The store, the registry, and Airflow where it is given. Raises `RegistryError` for an address that is none."""
    models = Models(settings)
    stored = Stored(StoreConnection(settings.database), models, pipeline.monitoring)
    readers = {"store": stored.read, "registry": models.read}
    if airflow:
        readers["airflow"] = airflow.read
    return Sources([Source(name, read, settings.exporter_interval) for name, read in readers.items()])
