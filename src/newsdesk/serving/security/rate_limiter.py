"""How often a caller may ask."""

import logging
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter as SharedWindows
from limits.strategies import FixedWindowRateLimiter

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.serving.security.access_errors import RateLimited
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.limit_parsing import EXAMPLE, Rates, parse_rate_limits, seconds_until
from newsdesk.serving.security.memory_storage import BoundedMemoryStorage

if TYPE_CHECKING:
    from redis.asyncio import BlockingConnectionPool

_KEY_PREFIX = "newsdesk:limits"
_REDIS_CONNECTIONS = 8  # per worker; each carries thousands of requests a second
_REDIS_TIMEOUT = 0.5  # seconds
_SECONDS_WITHOUT_REDIS = 5.0  # until it is asked again

logger = logging.getLogger(__name__)


class RateLimiter:
    """Counts requests per caller, in fixed windows.

    In memory each worker counts for itself and allows its share of a limit, at least 1. With `REDIS_URL` all workers
    count together, exactly; while Redis is away each counts for itself. Raises `ConfigError`, naming the variable.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._default = _default_limits(settings)
        self._workers = settings.api_workers
        self._clock = clock
        self._parsed: dict[str, tuple[Rates, Rates]] = {}
        self._local = FixedWindowRateLimiter(BoundedMemoryStorage())
        self._pool = _redis_pool(settings)
        self._shared = _shared_windows(self._pool) if self._pool else None
        self._redis_is_away, self._retry_redis_at = False, -math.inf

    async def check(self, caller: Caller, cost: int = 1) -> None:
        """Count a request. Raises `RateLimited` where the caller has used up a limit; without one it costs nothing."""
        limit = caller.limit or self._default
        if limit is None:
            return
        limits, local_limits = self._parse_limits(limit)
        if not await self._count_in_redis(limits, caller.name, cost):
            self._count_locally(local_limits, caller.name, cost)

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._pool:
            await self._pool.aclose()

    def _count_locally(self, rates: Rates, name: str, cost: int) -> None:
        for rate in rates:
            if not self._local.hit(rate, name, cost=cost):
                raise _limit_error(rate, self._local.get_window_stats(rate, name).reset_time)

    async def _count_in_redis(self, rates: Rates, name: str, cost: int) -> bool:
        """Whether Redis has counted the request. While Redis is away, one request in a while tries it again."""
        if self._shared is None or self._clock() < self._retry_redis_at:
            return False
        if self._redis_is_away:
            self._retry_redis_at = self._clock() + _SECONDS_WITHOUT_REDIS
        try:
            exceeded = await _first_exceeded(self._shared, rates, name, cost)
        except self._shared.storage.base_exceptions as error:
            self._suspend_redis(error)
            return False
        self._redis_is_away, self._retry_redis_at = False, -math.inf
        if exceeded:
            raise exceeded
        return True

    def _parse_limits(self, limit: str) -> tuple[Rates, Rates]:
        """The whole limits, and the share of this worker."""
        if limit not in self._parsed:
            limits = parse_rate_limits(limit)
            local_limits = tuple(type(rate)(max(rate.amount // self._workers, 1), rate.multiples) for rate in limits)
            self._parsed[limit] = limits, local_limits
        return self._parsed[limit]

    def _suspend_redis(self, error: Exception) -> None:
        if not self._redis_is_away:
            logger.warning("Redis does not answer (%s): each worker counts requests for itself.", type(error).__name__)
        self._redis_is_away, self._retry_redis_at = True, self._clock() + _SECONDS_WITHOUT_REDIS


def _default_limits(settings: Settings) -> str | None:
    limit = settings.api_rate_limit
    if limit is None:
        return None
    try:
        parse_rate_limits(limit)
    except ValueError:
        raise ConfigError(f"API_RATE_LIMIT: {limit!r} is no rate limit. Example: {EXAMPLE}.") from None
    return limit


def _redis_pool(settings: Settings) -> "BlockingConnectionPool | None":
    if settings.redis_url is None:
        return None
    try:
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ModuleNotFoundError as error:
        raise ConfigError("REDIS_URL is set, but Redis' client is missing: pip install 'newsdesk[redis]'.") from error
    address = settings.redis_url.get_secret_value()
    timeouts = dict.fromkeys(("timeout", "socket_timeout", "socket_connect_timeout"), _REDIS_TIMEOUT)
    no_retry = Retry(NoBackoff(), 0)  # a request does not wait for a Redis that is away
    try:
        return BlockingConnectionPool.from_url(address, max_connections=_REDIS_CONNECTIONS, retry=no_retry, **timeouts)
    except ValueError:  # its words may repeat the password
        raise ConfigError("REDIS_URL is no address of a Redis. Example: redis://localhost:6379/0.") from None


def _shared_windows(pool: "BlockingConnectionPool") -> SharedWindows:
    options: dict[str, Any] = {"connection_pool": pool}  # limits types its options without it, but documents it
    return SharedWindows(RedisStorage("redis://", implementation="redispy", key_prefix=_KEY_PREFIX, **options))


async def _first_exceeded(windows: SharedWindows, rates: Rates, name: str, cost: int) -> RateLimited | None:
    for rate in rates:
        if not await windows.hit(rate, name, cost=cost):
            return _limit_error(rate, (await windows.get_window_stats(rate, name)).reset_time)
    return None


def _limit_error(rate: RateLimitItem, reset_time: float) -> RateLimited:
    seconds = seconds_until(reset_time)
    return RateLimited(seconds, "too_many_requests", f"More than {rate}. Try again in {seconds} s")
