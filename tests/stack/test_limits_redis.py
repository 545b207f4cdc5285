"""Rate limits that several workers share, in a real Redis; and what they do when it goes away and comes back."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from newsdesk.config.settings import Settings
from newsdesk.serving.security.access_errors import RateLimited
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.rate_limiter import RateLimiter
from tests.stack.servers import free_port
from tests.unit.serving.security.builders import Clock

pytestmark = pytest.mark.stack

NEWSROOM = Caller("newsroom", frozenset({"predict"}))


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[None]:
    """A new, empty Redis."""
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        with Redis(port=port) as client:
            for _ in range(200):
                try:
                    client.ping()
                    break
                except NoConnection:
                    assert process.poll() is None
                    asyncio.run(asyncio.sleep(0.05))
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def port(missing: Callable[[str], None]) -> int:
    if shutil.which("redis-server") is None:
        missing("Redis")
    return free_port()


def workers(port: int, limit: str, count: int, clock: Clock | None = None) -> list[RateLimiter]:
    environment = {"REDIS_URL": f"redis://127.0.0.1:{port}/0", "API_RATE_LIMIT": limit, "API_WORKERS": str(count)}
    return [RateLimiter(Settings.model_validate(environment), clock or Clock()) for _ in range(count)]


async def passes(limiter: RateLimiter) -> bool:
    try:
        await limiter.check(NEWSROOM)
    except RateLimited:
        return False
    return True


async def close(limiters: list[RateLimiter]) -> None:
    for limiter in limiters:
        await limiter.close()


def test_the_workers_together_let_exactly_the_limit_pass(tmp_path: Path, port: int) -> None:
    async def client(limiter: RateLimiter) -> list[bool]:
        return [await passes(limiter) for _ in range(15)]

    async def run() -> list[bool]:
        limiters = workers(port, "1000/minute;100/day", 4)
        try:  # five clients each: what all 300 at once would wait for each other counts as Redis being away
            answers = await asyncio.gather(*(client(limiters[number % 4]) for number in range(20)))
            return [passed for one in answers for passed in one]
        finally:
            with pytest.raises(RateLimited) as caught:
                await limiters[0].check(NEWSROOM)
            assert 86_000 < caught.value.retry_after <= 86_400
            await close(limiters)

    with redis_server(tmp_path, port):
        assert sum(asyncio.run(run())) == 100


def test_while_redis_is_away_each_counts_for_itself_and_returns_to_it(
    tmp_path: Path, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()

    async def run() -> None:
        limiters = workers(port, "10/day", 2, clock)
        try:
            with redis_server(tmp_path, port):
                assert [await passes(limiters[0]) for _ in range(2)] == [True, True]
            assert [await passes(limiters[0]) for _ in range(6)] == [True] * 5 + [False]
            with redis_server(tmp_path, port):
                clock.now = 6.0
                assert [await passes(limiter) for limiter in limiters * 5] == [True] * 10
                assert [await passes(limiter) for limiter in limiters] == [False, False]
            assert await passes(limiters[1])
        finally:
            await close(limiters)

    asyncio.run(run())
    assert len(caplog.records) == 2
    assert all("Redis does not answer" in record.getMessage() for record in caplog.records)
