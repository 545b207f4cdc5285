"""Measure a sample of the texts: few enough to cost nothing, spread over time so that they represent all."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from newsdesk.monitoring.api_metrics import ApiMetrics, labelled
from newsdesk.serving.logs import source_location
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.worker_threads import WorkerThreads
from newsdesk.text.language import guess_language, load_detector

_PER_SECOND, _BURST = 10.0, 500  # a quiet server samples all of its texts, a busy one a few in a hundred

logger = logging.getLogger("newsdesk.model")


class TokenBucket:
    """A token comes every 1 / `rate` seconds, up to `burst` of them, with which it begins."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._updated_at = burst, clock()

    def take(self) -> bool:
        """Whether there was a token; then it is gone."""
        now = self._clock()
        self._tokens = min(self._tokens + (now - self._updated_at) * self._rate, self._burst)
        self._updated_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class SampledStats(NamedTuple):
    """What a text of the sample is like. `terms` and `known_share` are what `Predictor.text_stats` says."""

    known_share: float
    language: str
    terms: str


class Sampler:
    """Decides which texts are sampled, measures them, and counts the results."""

    def __init__(self, metrics: ApiMetrics, workers: WorkerThreads, bucket: TokenBucket | None = None) -> None:
        self._workers = workers
        self._bucket = bucket or TokenBucket(_PER_SECOND, _BURST)
        self._known_words, self._languages = metrics.known_words, labelled(metrics.languages)
        load_detector()  # now, or the first request would wait for it

    async def sample(self, model: LoadedModel, texts: Sequence[str]) -> list[SampledStats | None]:
        """What each text is like for the model that answered it; None for those that are not of the sample."""
        chosen = [text if self._bucket.take() else None for text in texts]
        length = sum(len(text) for text in chosen if text is not None)
        if not length:
            return [None] * len(texts)
        samples = await self._workers.offload_if_long(length, lambda: _sample_texts(model, chosen))
        for stats in samples:
            if stats is not None:
                self._known_words.observe(stats.known_share)
                self._languages(stats.language).inc()
        return samples


def _sample_texts(model: LoadedModel, texts: Sequence[str | None]) -> list[SampledStats | None]:
    try:
        return [None if text is None else _sample_text(model, text) for text in texts]
    except Exception as defect:  # noqa: BLE001 - the texts are answered already
        logger.error("A sample could not be taken: %s at %s", type(defect).__name__, source_location(defect))
        return [None] * len(texts)


def _sample_text(model: LoadedModel, text: str) -> SampledStats:
    stats = model.predictor.text_stats(text)
    return SampledStats(stats.known_share, guess_language(text), stats.terms)
