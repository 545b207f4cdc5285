"""Answers that are given again: by process, and in Redis for all processes."""

import json
import logging
import time
from collections import OrderedDict
from typing import Protocol

from newsdesk.model.predictor import Prediction

logger = logging.getLogger("newsdesk.cache")

_REDIS_TIMEOUT = 0.05  # seconds that Redis gets: predicting anew takes a fraction of it
_REDIS_PAUSE = 10.0  # seconds without Redis once it failed
_REDIS_LIFETIME = 3600  # seconds

Key = tuple[str, str]  # digest of the bundle, digest of the text


class SharedCache(Protocol):
    async def get(self, key: Key) -> Prediction | None: ...

    async def put(self, key: Key, prediction: Prediction) -> None: ...

    async def close(self) -> None: ...


class PredictionCache:
    """The answers used last, in memory. A bundle answers a text always alike, so nothing in it grows old."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._predictions: OrderedDict[Key, Prediction] = OrderedDict()

    def get(self, key: Key) -> Prediction | None:
        prediction = self._predictions.get(key)
        if prediction is not None:
            self._predictions.move_to_end(key)
        return prediction

    def put(self, key: Key, prediction: Prediction) -> None:
        if self._size == 0:
            return
        self._predictions[key] = prediction
        self._predictions.move_to_end(key)  # two requests at once may both bring it
        if len(self._predictions) > self._size:
            self._predictions.popitem(last=False)


class RedisCache:
    """Answers in Redis. While Redis is away or slow, there are none."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis

        self._redis = Redis.from_url(url, socket_timeout=_REDIS_TIMEOUT, socket_connect_timeout=_REDIS_TIMEOUT)
        self._paused_until = 0.0

    async def get(self, key: Key) -> Prediction | None:
        if time.monotonic() < self._paused_until:
            return None
        try:
            payload = await self._redis.get(_redis_key(key))
            return None if payload is None else _parse_prediction(payload)
        except Exception as error:  # noqa: BLE001 - no trouble with a cache may become trouble of a request
            self._pause(error)
            return None

    async def put(self, key: Key, prediction: Prediction) -> None:
        if time.monotonic() < self._paused_until:
            return
        try:
            await self._redis.set(_redis_key(key), json.dumps(prediction.probabilities), ex=_REDIS_LIFETIME)
        except Exception as error:  # noqa: BLE001
            self._pause(error)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _pause(self, error: Exception) -> None:
        self._paused_until = time.monotonic() + _REDIS_PAUSE
        logger.warning("The cache in Redis is left out for %g s: %s", _REDIS_PAUSE, type(error).__name__)


def _redis_key(key: Key) -> str:
    return "newsdesk:prediction:" + ":".join(key)


def _parse_prediction(payload: bytes | str) -> Prediction:
    probabilities = {str(name): float(value) for name, value in json.loads(payload).items()}
    category, confidence = next(iter(probabilities.items()))
    return Prediction(category, confidence, probabilities)
