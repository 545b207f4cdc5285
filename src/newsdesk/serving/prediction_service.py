"""From a text and what was asked about it to an answer: the one path behind every door that predicts."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from newsdesk.model.predictor import Prediction
from newsdesk.monitoring.api_metrics import ApiMetrics, labelled
from newsdesk.serving.cache import PredictionCache, SharedCache
from newsdesk.serving.errors import ApiError
from newsdesk.serving.experiment import Experiment
from newsdesk.serving.last_prediction import LastPredictionTime
from newsdesk.serving.logs import source_location
from newsdesk.serving.model_errors import no_model_loaded, prediction_failed
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.model_pool import ModelPool
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.serving.prediction_result import PredictionOptions, PredictionResult
from newsdesk.serving.sampling import SampledStats, Sampler
from newsdesk.serving.text_checks import text_error, text_warnings
from newsdesk.serving.worker_slots import own_slot, shared_folder
from newsdesk.serving.worker_threads import WorkerThreads
from newsdesk.store.records import Arm, PredictionRecord, new_id, text_digest

logger = logging.getLogger("newsdesk.model")


class PredictionService:
    """Predicts, counts, remembers."""

    def __init__(
        self,
        models: ModelPool,
        experiment: Experiment,
        metrics: ApiMetrics,
        log: PredictionLog | None,
        cache: PredictionCache,
        shared_cache: SharedCache | None,
        workers: WorkerThreads,
        *,
        store_text: bool,
        batch_size: int,
    ) -> None:
        self._models, self._experiment, self._metrics, self._log = models, experiment, metrics, log
        self._cache, self._shared_cache = cache, shared_cache
        self._store_text, self.batch_size = store_text, batch_size
        self._hits, self._misses = metrics.cache.labels("hit"), metrics.cache.labels("miss")
        self._prediction_counter, self._confidence = labelled(metrics.predictions), labelled(metrics.confidence)
        self._abstained = labelled(metrics.abstentions)
        self._workers, self._sampler = workers, Sampler(metrics, workers)
        self.last_prediction = LastPredictionTime(shared_folder(), own_slot())

    def choose_model(self, model: LoadedModel | None, caller: str) -> tuple[LoadedModel, Arm | None]:
        """Who answers: the model that was asked for, else the one that this caller gets. Raises `ApiError`."""
        arm: Arm | None = None
        if model is None:
            model, arm = self._experiment.arm(caller)
        if model is None:
            raise no_model_loaded()
        return model, arm

    async def predict_one(
        self, text: str, options: PredictionOptions, model: LoadedModel, arm: Arm | None, caller: str
    ) -> PredictionResult:
        """Answer one text. Raises `ApiError`."""
        started = time.perf_counter()
        if error := text_error(text, model):
            raise error
        digest = text_digest(text)
        model, arm = self._experiment.arm_of_text(digest, model, arm)
        key = (model.digest, digest)
        prediction = self._cache.get(key)
        if prediction is None and self._shared_cache and (prediction := await self._shared_cache.get(key)):
            self._cache.put(key, prediction)
        self._metrics.batch.inc(self._hits if prediction else self._misses)
        if prediction is None:
            model, arm, (prediction,) = await self._predict(model, arm, [text])
            self._cache.put((model.digest, digest), prediction)
            if self._shared_cache:
                await self._shared_cache.put((model.digest, digest), prediction)
        (stats,) = await self._sampler.sample(model, [text])
        return self._log_prediction(text, digest, prediction, stats, options, model, arm, caller, started)

    async def predict_as_one_batch(
        self, texts: Sequence[str], model: LoadedModel | None, caller: str
    ) -> list[PredictionResult | ApiError]:
        """Answer each text, or say why not, in order, all by one model: in an experiment by that of the first."""
        model, arm = self.choose_model(model, caller)
        if texts:
            model, arm = self._experiment.arm_of_text(text_digest(texts[0]), model, arm)
        return await self.predict_many(texts, PredictionOptions(), model, arm, caller, by_one_model=True)

    async def predict_many(
        self,
        texts: Sequence[str],
        options: PredictionOptions,
        model: LoadedModel,
        arm: Arm | None,
        caller: str,
        *,
        by_one_model: bool = False,
    ) -> list[PredictionResult | ApiError]:
        """Answer each text, or say why not, in order; as many at once as `PREDICTION_BATCH_SIZE` says. In an experiment
        the challenger answers its texts, unless all are to be answered `by_one_model`."""
        answers: list[PredictionResult | ApiError] = []
        for start in range(0, len(texts), self.batch_size):
            answers += await self._predict_batch(
                texts[start : start + self.batch_size], options, model, arm, caller, by_one_model
            )
            await asyncio.sleep(0)  # short texts are answered without waiting for anything: others have their turn here
        return answers

    async def close(self) -> None:
        """Let go of what is shared with other processes."""
        self.last_prediction.close()
        if self._shared_cache:
            await self._shared_cache.close()

    async def _predict_batch(
        self,
        texts: Sequence[str],
        options: PredictionOptions,
        model: LoadedModel,
        arm: Arm | None,
        caller: str,
        by_one_model: bool,
    ) -> list[PredictionResult | ApiError]:
        answers: list[PredictionResult | ApiError | None] = [text_error(text, model) for text in texts]
        digests = {index: text_digest(texts[index]) for index, error in enumerate(answers) if error is None}
        groups: defaultdict[tuple[LoadedModel, Arm | None], list[int]] = defaultdict(list)
        for index, digest in digests.items():
            groups[(model, arm) if by_one_model else self._experiment.arm_of_text(digest, model, arm)].append(index)
        for group, indices in groups.items():
            started, group_texts = time.perf_counter(), [texts[index] for index in indices]
            answering_model, answering_arm, predictions = await self._predict(*group, group_texts)
            samples = (
                await self._sampler.sample(answering_model, group_texts) if options.log else [None] * len(group_texts)
            )
            for index, prediction, stats in zip(indices, predictions, samples, strict=True):
                text_fields = (texts[index], digests[index], prediction, stats)
                answers[index] = self._log_prediction(
                    *text_fields, options, answering_model, answering_arm, caller, started, len(group_texts)
                )
        return [answer for answer in answers if answer is not None]

    async def _predict(
        self, model: LoadedModel, arm: Arm | None, texts: Sequence[str]
    ) -> tuple[LoadedModel, Arm | None, list[Prediction]]:
        """Predictions, and who made them: the model before, where a new one fails, and the champion for a challenger
        that nobody asked for. Who stands in belongs to no arm."""
        try:
            predictions = await self._run_model(model, texts)
        except Exception as defect:  # noqa: BLE001 - whatever a model does wrong, the one before it may answer
            self._metrics.model_errors.labels(model.version).inc()
            was_in_charge = model is self._models.champion
            fallback = self._models.record_failure(model) or (self._models.champion if arm == "challenger" else None)
            logger.error(
                "Version %s failed with %s at %s", model.version, type(defect).__name__, source_location(defect)
            )
            if fallback is None:
                raise prediction_failed() from None
            if was_in_charge and self._models.reverted is model:
                self._metrics.swaps.labels("reverted").inc()
                logger.error("Version %s failed too often: version %s is back", model.version, fallback.version)
            return fallback, None, await self._run_model(fallback, texts)
        if model is self._models.champion:
            self._models.record_success()
        return model, arm, predictions

    async def _run_model(self, model: LoadedModel, texts: Sequence[str]) -> list[Prediction]:
        return await self._workers.offload_if_long(sum(map(len, texts)), lambda: model.predictor.predict_many(texts))

    def _log_prediction(
        self,
        text: str,
        digest: str,
        prediction: Prediction,
        stats: SampledStats | None,
        options: PredictionOptions,
        model: LoadedModel,
        arm: Arm | None,
        caller: str,
        started: float,
        batch_size: int = 1,
    ) -> PredictionResult:
        category, abstained = options.category(prediction), options.abstains(prediction)
        milliseconds = (time.perf_counter() - started) * 1000
        now = datetime.now(UTC)
        prediction_id = new_id()
        if options.log:
            self.last_prediction.note(now)
            self._count(category, prediction.confidence, len(text), model.version, abstained)
            record = PredictionRecord(
                id=prediction_id,
                at=now,
                model_version=model.version,
                digest=model.digest,
                category=prediction.category,
                confidence=prediction.confidence,
                text_length=len(text),
                text_digest=digest,
                duration_ms=milliseconds / batch_size,
                known_share=stats.known_share if stats else None,
                language=stats.language if stats else None,
                caller=caller,
                arm=arm,
                text=text if self._store_text else None,
                terms=stats.terms if stats else None,
            )
            if self._log is not None:
                self._log.record(record)
            self._experiment.compare(text, record)
        return PredictionResult(
            prediction_id,
            category,
            prediction.confidence,
            options.probabilities(prediction),
            model,
            milliseconds,
            now,
            text_warnings(text),
            abstained,
            options.log,
        )

    def _count(self, category: str, confidence: float, length: int, version: str, abstained: bool) -> None:
        batch = self._metrics.batch
        batch.inc(self._prediction_counter(category, version))
        batch.observe(self._confidence(version), confidence)
        batch.observe(self._metrics.text_length, length)
        if abstained:
            batch.inc(self._abstained(version))
