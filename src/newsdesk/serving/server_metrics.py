"""What a server is, for /metrics: read when somebody asks."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event, Lock, Thread

from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.monitoring import catalogue
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.serving.logs import source_location
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.prediction_log import PredictionLog

logger = logging.getLogger("newsdesk.server")

_INTERVAL = 15.0  # seconds between two reads of the store, as often as Prometheus usually asks
_MAX_WAIT = 1.0  # seconds that somebody who asks waits for a read to end; Prometheus gives up after ten


def server_samples(champion: LoadedModel | None, log: PredictionLog) -> Iterator[MetricSample]:
    """The model in charge, where there is one, and the way to the store."""
    if champion:
        manifest = champion.predictor.bundle.manifest
        yield MetricSample(catalogue.MODEL_INFO, (champion.version, champion.digest, manifest.model_type), 1)
        yield MetricSample(catalogue.ACCURACY, ("test",), manifest.metrics["accuracy"])
        yield MetricSample(catalogue.TRAINED, (), manifest.trained_at.timestamp())
    yield MetricSample(catalogue.STORE_UP, (), float(log.is_store_up))
    for kind, size in log.spool_bytes().items():
        yield MetricSample(catalogue.SPOOL, (kind,), size)


class EmbeddedExporter:
    """What `newsdesk exporter` tells, where nobody runs one: all is embedded, neither database nor MLflow server named.

    `read` blocks for a second at most: call it in a thread. It reads at most every 15 seconds, in a thread of its own;
    if that takes longer, it returns the last values.
    """

    def __init__(
        self, settings: Settings, pipeline: PipelineConfig, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._pipeline, self._clock = settings, pipeline, clock
        self._is_embedded = settings.database_url is None and settings.mlflow_tracking_uri is None
        self._lock = Lock()
        self._last: Sequence[MetricSample] = ()
        self._next_read_at = clock()
        self._is_idle = Event()
        self._is_idle.set()

    def read(self) -> Sequence[MetricSample]:
        """Nothing where it fails, or where an exporter of its own is to be asked."""
        if not self._is_embedded:
            return ()
        with self._lock:
            if self._clock() >= self._next_read_at and self._is_idle.is_set():
                self._is_idle.clear()
                Thread(target=self._refresh_in_background, name="embedded-exporter", daemon=True).start()
        self._is_idle.wait(_MAX_WAIT)
        return self._last

    def _refresh_in_background(self) -> None:
        try:
            self._last = self._refresh()
        finally:
            self._next_read_at = self._clock() + _INTERVAL
            self._is_idle.set()

    def _refresh(self) -> Sequence[MetricSample]:
        # Not with the server: it would load the database's library before there is anything to ask.
        from newsdesk.monitoring.exporter import embedded_samples

        try:
            return list(embedded_samples(self._settings, self._pipeline))
        except Exception as defect:  # noqa: BLE001 - whatever is wrong there, what the server counts is still told
            logger.warning(
                "The store's metrics cannot be told: %s at %s", type(defect).__name__, source_location(defect)
            )
            return ()
