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
        self._own = FixedWindowRateLimiter(BoundedMemoryStorage())
        self._pool = _redis_pool(settings)
        self._shared = _shared_windows(self._pool) if self._pool else None
        self._redis_is_away, self._ask_redis_from = False, -math.inf

    async def check(self, caller: Caller, cost: int = 1) -> None:
        """Count a request. Raises `RateLimited` where the caller has used up a limit; without one it costs nothing."""
        limit = caller.limit or self._default
        if limit is None:
            return
        whole, share = self._rates(limit)
        if not await self._count_together(whole, caller.name, cost):
            self._count_alone(share, caller.name, cost)

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._pool:
            await self._pool.aclose()

    def _count_alone(self, rates: Rates, name: str, cost: int) -> None:
        for rate in rates:
            if not self._own.hit(rate, name, cost=cost):
                raise _too_many(rate, self._own.get_window_stats(rate, name).reset_time)

    async def _count_together(self, rates: Rates, name: str, cost: int) -> bool:
        """Whether Redis has counted the request. While Redis is away, one request in a while tries it again."""
        if self._shared is None or self._clock() < self._ask_redis_from:
            return False
        if self._redis_is_away:
            self._ask_redis_from = self._clock() + _SECONDS_WITHOUT_REDIS
        try:
            used_up = await _first_used_up(self._shared, rates, name, cost)
        except self._shared.storage.base_exceptions as error:
            self._leave_redis(error)
            return False
        self._redis_is_away, self._ask_redis_from = False, -math.inf
        if used_up:
            raise used_up
        return True

    def _rates(self, limit: str) -> tuple[Rates, Rates]:
        """The whole limits, and the share of this worker."""
        if limit not in self._parsed:
            whole = parse_rate_limits(limit)
            share = tuple(type(rate)(max(rate.amount // self._workers, 1), rate.multiples) for rate in whole)
            self._parsed[limit] = whole, share
        return self._parsed[limit]

    def _leave_redis(self, error: Exception) -> None:
        if not self._redis_is_away:
            logger.warning("Redis does not answer (%s): each worker counts requests for itself.", type(error).__name__)
        self._redis_is_away, self._ask_redis_from = True, self._clock() + _SECONDS_WITHOUT_REDIS


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
    at_once = Retry(NoBackoff(), 0)  # a request does not wait for a Redis that is away
    try:
        return BlockingConnectionPool.from_url(address, max_connections=_REDIS_CONNECTIONS, retry=at_once, **timeouts)
    except ValueError:  # its words may repeat the password
        raise ConfigError("REDIS_URL is no address of a Redis. Example: redis://localhost:6379/0.") from None


def _shared_windows(pool: "BlockingConnectionPool") -> SharedWindows:
    options: dict[str, Any] = {"connection_pool": pool}  # limits types its options without it, but documents it
    return SharedWindows(RedisStorage("redis://", implementation="redispy", key_prefix=_KEY_PREFIX, **options))


async def _first_used_up(windows: SharedWindows, rates: Rates, name: str, cost: int) -> RateLimited | None:
    for rate in rates:
        if not await windows.hit(rate, name, cost=cost):
            return _too_many(rate, (await windows.get_window_stats(rate, name)).reset_time)
    return None


def _too_many(rate: RateLimitItem, reset_time: float) -> RateLimited:
    wait = seconds_until(reset_time)
    return RateLimited(wait, "too_many_requests", f"More than {rate}. Try again in {wait} s")
