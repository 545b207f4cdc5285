"""From a text and what was asked about it to an answer: the one path behind every door that predicts."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsdesk.model.predictor import Prediction
from newsdesk.monitoring.api_metrics import ApiMetrics, labelled
from newsdesk.serving.cache import PredictionCache, SharedCache
from newsdesk.serving.errors import ApiError
from newsdesk.serving.experiment import Experiment
from newsdesk.serving.last_prediction import LastPrediction
from newsdesk.serving.logs import place_of
from newsdesk.serving.long_work import LongWork
from newsdesk.serving.model_source import Served
from newsdesk.serving.models import ServedModels
from newsdesk.serving.no_answer import model_failed, no_model
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.serving.sampling import Look, Sampler
from newsdesk.serving.schemas import UNCERTAIN
from newsdesk.serving.suitable_texts import unsuitable, warnings_about
from newsdesk.serving.worker_place import own_place, shared_folder
from newsdesk.store.records import Arm, PredictionRecord, new_id, text_digest

logger = logging.getLogger("newsdesk.model")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks of a prediction. Without `log` it is neither remembered nor counted as production."""

    top_k: int | None = None
    threshold: float | None = None
    log: bool = True

    def abstains(self, prediction: Prediction) -> bool:
        """Whether the best category is not probable enough."""
        return self.threshold is not None and prediction.confidence < self.threshold

    def category(self, prediction: Prediction) -> str:
        """The category to answer: none in particular where the best is not probable enough."""
        return UNCERTAIN if self.abstains(prediction) else prediction.category

    def probabilities(self, prediction: Prediction) -> dict[str, float]:
        if self.top_k is None or self.top_k >= len(prediction.probabilities):
            return prediction.probabilities
        return dict(list(prediction.probabilities.items())[: self.top_k])


@dataclass(frozen=True, slots=True)
class Answer:
    """A prediction that was made: by whom, and under which id it is remembered, if it `is_logged`."""

    prediction_id: str
    category: str
    confidence: float
    probabilities: dict[str, float]
    served: Served
    milliseconds: float
    at: datetime
    warnings: list[str]
    abstained: bool
    is_logged: bool


class Answering:
    """Predicts, counts, remembers."""

    def __init__(
        self,
        models: ServedModels,
        experiment: Experiment,
        metrics: ApiMetrics,
        log: PredictionLog | None,
        cache: PredictionCache,
        shared_cache: SharedCache | None,
        long_work: LongWork,
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
        self.last_prediction = LastPrediction(shared_folder(), own_place())

    def chosen(self, served: Served | None, caller: str) -> tuple[Served, Arm | None]:
        """Who answers: the model that was asked for, else the one that this caller gets. Raises `ApiError`."""
        arm: Arm | None = None
        if served is None:
            served, arm = self._experiment.arm(caller)
        if served is None:
            raise no_model()
        return served, arm

    async def one(self, text: str, wish: Wish, served: Served, arm: Arm | None, caller: str) -> Answer:
        """Answer one text. Raises `ApiError`."""
        begun = time.perf_counter()
        if refusal := unsuitable(text, served):
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
        (look,) = await self._sampler.look(served, [text])
        return self._remember(text, digest, prediction, look, wish, served, arm, caller, begun)

    async def together(self, texts: Sequence[str], served: Served | None, caller: str) -> list[Answer | ApiError]:
        """Answer each text, or say why not, in order, all by one model: in an experiment by that of the first."""
        served, arm = self.chosen(served, caller)
        if texts:
            served, arm = self._experiment.arm_of_text(text_digest(texts[0]), served, arm)
        return await self.many(texts, Wish(), served, arm, caller, by_one=True)

    async def many(
        self, texts: Sequence[str], wish: Wish, served: Served, arm: Arm | None, caller: str, *, by_one: bool = False
    ) -> list[Answer | ApiError]:
        """Answer each text, or say why not, in order; as many at once as `PREDICTION_BATCH_SIZE` says. In an experiment
        the challenger answers its texts, unless all are to be answered `by_one`."""
        answers: list[Answer | ApiError] = []
        for start in range(0, len(texts), self.batch_size):
            answers += await self._some(texts[start : start + self.batch_size], wish, served, arm, caller, by_one)
            await asyncio.sleep(0)  # short texts are answered without waiting for anything: others have their turn here
        return answers

    async def close(self) -> None:
        """Let go of what is shared with other processes."""
        self.last_prediction.close()
        if self._shared_cache:
            await self._shared_cache.close()

    async def _some(
        self, texts: Sequence[str], wish: Wish, served: Served, arm: Arm | None, caller: str, by_one: bool
    ) -> list[Answer | ApiError]:
        answers: list[Answer | ApiError | None] = [unsuitable(text, served) for text in texts]
        digests = {place: text_digest(texts[place]) for place, refusal in enumerate(answers) if refusal is None}
        groups: defaultdict[tuple[Served, Arm | None], list[int]] = defaultdict(list)
        for place, digest in digests.items():
            groups[(served, arm) if by_one else self._experiment.arm_of_text(digest, served, arm)].append(place)
        for who, places in groups.items():
            begun, good = time.perf_counter(), [texts[place] for place in places]
            model, its_arm, predictions = await self._predict(*who, good)
            looks = await self._sampler.look(model, good) if wish.log else [None] * len(good)
            for place, prediction, look in zip(places, predictions, looks, strict=True):
                about = (texts[place], digests[place], prediction, look)
                answers[place] = self._remember(*about, wish, model, its_arm, caller, begun, len(good))
        return [answer for answer in answers if answer is not None]

    async def _predict(
        self, served: Served, arm: Arm | None, texts: Sequence[str]
    ) -> tuple[Served, Arm | None, list[Prediction]]:
        """Predictions, and who made them: the model before, where a new one fails, and the champion for a challenger
        that nobody asked for. Who stands in belongs to no arm."""
        try:
            predictions = await self._predictions(served, texts)
        except Exception as defect:  # noqa: BLE001 - whatever a model does wrong, the one before it may answer
            self._metrics.model_errors.labels(served.version).inc()
            was_in_charge = served is self._models.champion
            stand_in = self._models.failed(served) or (self._models.champion if arm == "challenger" else None)
            logger.error("Version %s failed with %s at %s", served.version, type(defect).__name__, place_of(defect))
            if stand_in is None:
                raise model_failed() from None
            if was_in_charge and self._models.reverted is served:
                self._metrics.swaps.labels("reverted").inc()
                logger.error("Version %s failed too often: version %s is back", served.version, stand_in.version)
            return stand_in, None, await self._predictions(stand_in, texts)
        if served is self._models.champion:
            self._models.succeeded()
        return served, arm, predictions

    async def _predictions(self, served: Served, texts: Sequence[str]) -> list[Prediction]:
        return await self._long_work.run_if_long(sum(map(len, texts)), lambda: served.predictor.predict_many(texts))

    def _remember(
        self,
        text: str,
        digest: str,
        prediction: Prediction,
        look: Look | None,
        wish: Wish,
        served: Served,
        arm: Arm | None,
        caller: str,
        begun: float,
        share: int = 1,
    ) -> Answer:
        category, abstained = wish.category(prediction), wish.abstains(prediction)
        milliseconds = (time.perf_counter() - begun) * 1000
        now = datetime.now(UTC)
        prediction_id = new_id()
        if wish.log:
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
        return Answer(
            prediction_id,
            category,
            prediction.confidence,
            wish.probabilities(prediction),
            served,
            milliseconds,
            now,
            warnings_about(text),
            abstained,
            wish.log,
        )

    def _count(self, category: str, confidence: float, length: int, version: str, abstained: bool) -> None:
        batch = self._metrics.batch
        batch.inc(self._made(category, version))
        batch.observe(self._confidence(version), confidence)
        batch.observe(self._metrics.text_length, length)
        if abstained:
            batch.inc(self._abstained(version))
