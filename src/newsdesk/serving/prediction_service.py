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
        long_work: WorkerThreads,
        *,
        store_text: bool,
        batch_size: int,
    ) -> None:
        self._models, self._experiment, self._metrics, self._log = models, experiment, metrics, log
        self._cache, self._shared_cache = cache, shared_cache
        self._store_text, self.batch_size = store_text, batch_size
        self._hits, self._misses = metrics.cache.labels("hit"), metrics.cache.labels("miss")
        self._made, self._confidence = labelled(metrics.predictions), labelled(metrics.confidence)
        self._abstained = labelled(metrics.abstentions)
        self._long_work, self._sampler = long_work, Sampler(metrics, long_work)
        self.last_prediction = LastPredictionTime(shared_folder(), own_slot())

    def choose_model(self, served: LoadedModel | None, caller: str) -> tuple[LoadedModel, Arm | None]:
        """Who answers: the model that was asked for, else the one that this caller gets. Raises `ApiError`."""
        arm: Arm | None = None
        if served is None:
            served, arm = self._experiment.arm(caller)
        if served is None:
            raise no_model_loaded()
        return served, arm

    async def predict_one(
        self, text: str, options: PredictionOptions, served: LoadedModel, arm: Arm | None, caller: str
    ) -> PredictionResult:
        """Answer one text. Raises `ApiError`."""
        begun = time.perf_counter()
        if refusal := text_error(text, served):
            raise refusal
        digest = text_digest(text)
        served, arm = self._experiment.arm_of_text(digest, served, arm)
        key = (served.digest, digest)
        prediction = self._cache.get(key)
        if prediction is None and self._shared_cache and (prediction := await self._shared_cache.get(key)):
            self._cache.put(key, prediction)
        self._metrics.batch.inc(self._hits if prediction else self._misses)
        if prediction is None:
            served, arm, (prediction,) = await self._predict(served, arm, [text])
            self._cache.put((served.digest, digest), prediction)
            if self._shared_cache:
                await self._shared_cache.put((served.digest, digest), prediction)
        (look,) = await self._sampler.sample(served, [text])
        return self._remember(text, digest, prediction, look, options, served, arm, caller, begun)

    async def predict_as_one_batch(
        self, texts: Sequence[str], served: LoadedModel | None, caller: str
    ) -> list[PredictionResult | ApiError]:
        """Answer each text, or say why not, in order, all by one model: in an experiment by that of the first."""
        served, arm = self.choose_model(served, caller)
        if texts:
            served, arm = self._experiment.arm_of_text(text_digest(texts[0]), served, arm)
        return await self.predict_many(texts, PredictionOptions(), served, arm, caller, by_one=True)

    async def predict_many(
        self,
        texts: Sequence[str],
        options: PredictionOptions,
        served: LoadedModel,
        arm: Arm | None,
        caller: str,
        *,
        by_one: bool = False,
    ) -> list[PredictionResult | ApiError]:
        """Answer each text, or say why not, in order; as many at once as `PREDICTION_BATCH_SIZE` says. In an experiment
        the challenger answers its texts, unless all are to be answered `by_one`."""
        answers: list[PredictionResult | ApiError] = []
        for start in range(0, len(texts), self.batch_size):
            answers += await self._some(texts[start : start + self.batch_size], options, served, arm, caller, by_one)
            await asyncio.sleep(0)  # short texts are answered without waiting for anything: others have their turn here
        return answers

    async def close(self) -> None:
        """Let go of what is shared with other processes."""
        self.last_prediction.close()
        if self._shared_cache:
            await self._shared_cache.close()

    async def _some(
        self,
        texts: Sequence[str],
        options: PredictionOptions,
        served: LoadedModel,
        arm: Arm | None,
        caller: str,
        by_one: bool,
    ) -> list[PredictionResult | ApiError]:
        answers: list[PredictionResult | ApiError | None] = [text_error(text, served) for text in texts]
        digests = {place: text_digest(texts[place]) for place, refusal in enumerate(answers) if refusal is None}
        groups: defaultdict[tuple[LoadedModel, Arm | None], list[int]] = defaultdict(list)
        for place, digest in digests.items():
            groups[(served, arm) if by_one else self._experiment.arm_of_text(digest, served, arm)].append(place)
        for who, places in groups.items():
            begun, good = time.perf_counter(), [texts[place] for place in places]
            model, its_arm, predictions = await self._predict(*who, good)
            looks = await self._sampler.sample(model, good) if options.log else [None] * len(good)
            for place, prediction, look in zip(places, predictions, looks, strict=True):
                about = (texts[place], digests[place], prediction, look)
                answers[place] = self._remember(*about, options, model, its_arm, caller, begun, len(good))
        return [answer for answer in answers if answer is not None]

    async def _predict(
        self, served: LoadedModel, arm: Arm | None, texts: Sequence[str]
    ) -> tuple[LoadedModel, Arm | None, list[Prediction]]:
        """Predictions, and who made them: the model before, where a new one fails, and the champion for a challenger
        that nobody asked for. Who stands in belongs to no arm."""
        try:
            predictions = await self._predictions(served, texts)
        except Exception as defect:  # noqa: BLE001 - whatever a model does wrong, the one before it may answer
            self._metrics.model_errors.labels(served.version).inc()
            was_in_charge = served is self._models.champion
            stand_in = self._models.record_failure(served) or (self._models.champion if arm == "challenger" else None)
            logger.error(
                "Version %s failed with %s at %s", served.version, type(defect).__name__, source_location(defect)
            )
            if stand_in is None:
                raise prediction_failed() from None
            if was_in_charge and self._models.reverted is served:
                self._metrics.swaps.labels("reverted").inc()
                logger.error("Version %s failed too often: version %s is back", served.version, stand_in.version)
            return stand_in, None, await self._predictions(stand_in, texts)
        if served is self._models.champion:
            self._models.record_success()
        return served, arm, predictions

    async def _predictions(self, served: LoadedModel, texts: Sequence[str]) -> list[Prediction]:
        return await self._long_work.offload_if_long(sum(map(len, texts)), lambda: served.predictor.predict_many(texts))

    def _remember(
        self,
        text: str,
        digest: str,
        prediction: Prediction,
        look: SampledStats | None,
        options: PredictionOptions,
        served: LoadedModel,
        arm: Arm | None,
        caller: str,
        begun: float,
        share: int = 1,
    ) -> PredictionResult:
        category, abstained = options.category(prediction), options.abstains(prediction)
        milliseconds = (time.perf_counter() - begun) * 1000
        now = datetime.now(UTC)
        prediction_id = new_id()
        if options.log:
            self.last_prediction.note(now)
            self._count(category, prediction.confidence, len(text), served.version, abstained)
            record = PredictionRecord(
                id=prediction_id,
                at=now,
                model_version=served.version,
                digest=served.digest,
                category=prediction.category,
                confidence=prediction.confidence,
                text_length=len(text),
                text_digest=digest,
                duration_ms=milliseconds / share,
                known_share=look.known_share if look else None,
                language=look.language if look else None,
                caller=caller,
                arm=arm,
                text=text if self._store_text else None,
                terms=look.terms if look else None,
            )
            if self._log is not None:
                self._log.record(record)
            self._experiment.compare(text, record)
        return PredictionResult(
            prediction_id,
            category,
            prediction.confidence,
            options.probabilities(prediction),
            served,
            milliseconds,
            now,
            text_warnings(text),
            abstained,
            options.log,
        )

    def _count(self, category: str, confidence: float, length: int, version: str, abstained: bool) -> None:
        batch = self._metrics.batch
        batch.inc(self._made(category, version))
        batch.observe(self._confidence(version), confidence)
        batch.observe(self._metrics.text_length, length)
        if abstained:
            batch.inc(self._abstained(version))
