"""The store: monitoring's windows, pipelines that ended, the promotion ledger."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.exporter.models import Models
from newsdesk.monitoring.exporter.of_pipelines import samples_of_pipelines
from newsdesk.monitoring.exporter.of_report import samples_of_report
from newsdesk.monitoring.reading import read_report
from newsdesk.monitoring.samples import Sample
from newsdesk.store.connection import StoreConnection


class Stored:
    """Reads the store. What it holds of the model in charge is told once `models` knows who that is."""

    def __init__(self, store: StoreConnection, models: Models, monitoring: Monitoring) -> None:
        self._store, self._models, self._monitoring = store, models, monitoring

    def read(self) -> list[Sample]:
        """Ask and tell. Raises `StoreError`."""
        try:
            return self._store.use(self._samples)
        finally:
            self._store.close()  # between two readings nobody needs it

    def _samples(self, store: Engine) -> list[Sample]:
        samples = samples_of_pipelines(store)
        if champion := self._models.champion():
            report = read_report(store, champion.version, champion.manifest, self._monitoring, datetime.now(UTC))
            if report:
                samples += samples_of_report(report, champion.manifest.classes)
        return samples
