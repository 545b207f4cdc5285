"""The store: monitoring's windows, pipelines that ended, the promotion ledger."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.exporter.pipeline_samples import pipeline_samples
from newsdesk.monitoring.exporter.registry_source import RegistrySource
from newsdesk.monitoring.exporter.report_samples import report_samples
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.monitoring.report_query import read_report
from newsdesk.store.connection import StoreConnection


class StoreSource:
    """Reads the store. What it holds of the model in charge is told once `models` knows who that is."""

    def __init__(self, store: StoreConnection, models: RegistrySource, monitoring: Monitoring) -> None:
        self._store, self._models, self._monitoring = store, models, monitoring

    def read(self) -> list[MetricSample]:
        """Ask and tell. Raises `StoreError`."""
        try:
            return self._store.use(self._samples)
        finally:
            self._store.close()  # between two readings nobody needs it

    def _samples(self, store: Engine) -> list[MetricSample]:
        samples = pipeline_samples(store)
        if champion := self._models.champion():
            report = read_report(store, champion.version, champion.manifest, self._monitoring, datetime.now(UTC))
            if report:
                samples += report_samples(report, champion.manifest.classes)
        return samples
