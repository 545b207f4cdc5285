"""Try the challenger on live texts: unseen beside the champion, or answering a share of the texts or callers."""

import logging
import time
from hashlib import blake2b
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Literal

from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.memory_budget import MemoryBudget
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.model_pool import ModelPool
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.store.records import Arm, PredictionRecord, new_id

logger = logging.getLogger("newsdesk.experiment")

Mode = Literal["off", "shadow", "ab"]
Unit = Literal["text", "caller"]  # what is always answered by the same model in an A/B test
# Texts that may wait for the challenger in the shadow, and their bytes in memory; more are left out.
_MAX_QUEUED, _MAX_QUEUED_BYTES = 1000, 16 * 1024**2


class Experiment:
    """Who answers whom, and what the challenger would have said."""

    def __init__(
        self,
        mode: Mode,
        share: float,
        models: ModelPool,
        log: PredictionLog | None,
        metrics: ApiMetrics,
        unit: Unit = "text",
    ) -> None:
        self._mode, self._share, self._unit = mode, share, unit
        self._models, self._log, self._metrics = models, log, metrics
        self._queue: Queue[tuple[str, LoadedModel, PredictionRecord]] = Queue(_MAX_QUEUED)
        self._budget = MemoryBudget(_MAX_QUEUED_BYTES)
        self._stopped = Event()

    def start(self) -> None:
        if self._mode == "shadow":
            Thread(target=self._run, name="shadow", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    @property
    def is_without_challenger(self) -> bool:
        """Whether an experiment is asked for, and nobody is there to be tried."""
        return self._mode != "off" and self._models.challenger is None

    def arm(self, caller: str) -> tuple[LoadedModel | None, Arm | None]:
        """Who answers `caller`: always the same as long as the challenger is the same. Where texts are the unit, who
        answers those that are not the challenger's."""
        champion, challenger = self._models.champion, self._models.challenger
        if self._mode == "off" or challenger is None:
            return champion, None
        if self._mode == "ab" and self._unit == "caller" and _hash_fraction(caller, challenger.digest) < self._share:
            return challenger, "challenger"
        return champion, "champion"

    def arm_of_text(self, digest: str, model: LoadedModel, arm: Arm | None) -> tuple[LoadedModel, Arm | None]:
        """Who answers the text with this digest, which `model` in this `arm` would answer otherwise: always the same
        model, whoever sends it."""
        challenger = self._models.challenger
        if self._mode != "ab" or self._unit != "text" or arm != "champion" or challenger is None:
            return model, arm
        return (challenger, "challenger") if _hash_fraction(digest, challenger.digest) < self._share else (model, arm)

    def compare(self, text: str, record: PredictionRecord) -> None:
        """Let the challenger answer the same text, later and for the log alone."""
        challenger = self._models.challenger
        if self._mode != "shadow" or challenger is None or record.arm != "champion":
            return
        if not self._budget.take(text):
            self._metrics.shadow.labels("left_out").inc()
            return
        try:
            self._queue.put_nowait((text, challenger, record))
        except Full:
            self._budget.give_back([text])
            self._metrics.shadow.labels("left_out").inc()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                text, challenger, record = self._queue.get(timeout=0.5)
            except Empty:
                continue
            try:
                self._run_challenger(text, challenger, record)
            except Exception as defect:  # noqa: BLE001 - a challenger that fails is a finding, not a failure of ours
                self._metrics.shadow.labels("failed").inc()
                logger.warning("Challenger %s failed with %s", challenger.version, type(defect).__name__)
            finally:
                self._budget.give_back([text])

    def _run_challenger(self, text: str, challenger: LoadedModel, record: PredictionRecord) -> None:
        started = time.perf_counter()
        prediction = challenger.predictor.predict(text)
        milliseconds = (time.perf_counter() - started) * 1000
        self._metrics.shadow.labels("agrees" if prediction.category == record.category else "disagrees").inc()
        if self._log is not None:
            self._log.record(
                record._replace(
                    id=new_id(),
                    model_version=challenger.version,
                    digest=challenger.digest,
                    category=prediction.category,
                    confidence=prediction.confidence,
                    duration_ms=milliseconds,
                    known_share=None,  # the statistics of a text are logged once, for the model that answered
                    language=None,
                    arm="shadow",
                    pair_id=record.id,
                    terms=None,
                )
            )


def _hash_fraction(unit: str, experiment: str) -> float:
    """Where a text or a caller stands between 0 and 1, in this experiment."""
    digest = blake2b(f"{experiment} {unit}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
