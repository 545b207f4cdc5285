import asyncio
import logging
from functools import partial
from typing import Any

import pytest

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.serving.security.access_errors import RateLimited
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.memory_storage import BoundedMemoryStorage
from newsdesk.serving.security.rate_limiter import RateLimiter
from tests.unit.serving.security.builders import Clock

NEWSROOM = Caller("newsroom", frozenset({"predict"}))


def limiter(limit: str | None = None, clock: Clock | None = None, **more: Any) -> RateLimiter:
    environment = {} if limit is None else {"API_RATE_LIMIT": limit}
    return RateLimiter(Settings.model_validate(environment | more), clock or Clock())


def accepted(limits: RateLimiter, caller: Caller, requests: int, cost: int = 1) -> int:
    """How many of these requests pass before the first is refused."""

    async def send() -> int:
        for number in range(requests):
            try:
                await limits.check(caller, cost)
            except RateLimited:
                return number
        return requests

    return asyncio.run(send())


def test_without_a_limit_nobody_is_refused() -> None:
    assert accepted(limiter(), NEWSROOM, 5000) == 5000


def test_a_caller_is_refused_after_its_limit_and_told_when_to_come_back() -> None:
    limits = limiter("3/minute")
    assert accepted(limits, NEWSROOM, 10) == 3
    with pytest.raises(RateLimited) as caught:
        asyncio.run(limits.check(NEWSROOM))
    assert 1 <= caught.value.retry_after <= 60
    assert caught.value.headers == {"Retry-After": str(caught.value.retry_after)}
    assert (caught.value.status, caught.value.code) == (429, "too_many_requests")


def test_callers_do_not_use_up_each_others_limits() -> None:
    limits = limiter("3/day")
    assert accepted(limits, NEWSROOM, 10) == 3
    assert accepted(limits, Caller("anonymous:192.0.2.1", frozenset()), 10) == 3


def test_a_limit_of_its_own_replaces_that_of_everybody() -> None:
    limits = limiter("3/day")
    assert accepted(limits, Caller("big", frozenset(), limit="7/day"), 10) == 7
    assert accepted(limiter(), Caller("small", frozenset(), limit="2/day"), 10) == 2


def test_every_limit_of_several_holds() -> None:
    assert accepted(limiter("100/minute;4/day"), NEWSROOM, 10) == 4
    assert accepted(limiter("4/minute;100/day"), NEWSROOM, 10) == 4


def test_a_burst_that_is_refused_does_not_use_up_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000.0]
    memory = partial(BoundedMemoryStorage, clock=lambda: now[0])
    monkeypatch.setattr("newsdesk.serving.security.rate_limiter.BoundedMemoryStorage", memory)
    limits = limiter("5/second;20/day")
    assert accepted(limits, NEWSROOM, 5) == 5
    for _ in range(100):
        assert accepted(limits, NEWSROOM, 1) == 0
    total = 5
    for _ in range(10):
        now[0] += 1
        total += accepted(limits, NEWSROOM, 5)
    assert total == 20


def test_each_worker_allows_its_share_and_never_nothing() -> None:
    assert accepted(limiter("8/day", API_WORKERS=4), NEWSROOM, 10) == 2
    assert accepted(limiter("2/day", API_WORKERS=4), NEWSROOM, 10) == 1


def test_a_request_may_cost_more_than_one() -> None:
    assert accepted(limiter("10/day"), NEWSROOM, 10, cost=4) == 2


@pytest.mark.parametrize("text", ["often", "50", "0/second"])
def test_a_limit_that_cannot_be_read_names_its_variable_and_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"API_RATE_LIMIT.*Example: 50/second;100000/day"):
        limiter(text)


@pytest.mark.parametrize("address", ["http://:pass-word@localhost", "localhost:6379", "redis://:pass-word@localhost:x"])
def test_an_address_that_is_no_redis_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ConfigError, match="REDIS_URL") as caught:
        limiter(REDIS_URL=address)
    assert "pass-word" not in str(caught.value)


def test_while_redis_is_away_each_worker_counts_for_itself_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    away = {"REDIS_URL": "redis://:pass-word@127.0.0.1:9/0", "API_WORKERS": 2}
    limits = limiter("8/day", clock, **away)
    with caplog.at_level(logging.DEBUG, logger="newsdesk"):
        assert accepted(limits, NEWSROOM, 3) == 3
        clock.now = 6.0
        assert accepted(limits, NEWSROOM, 3) == 1
    (told,) = caplog.records
    assert "Redis does not answer" in told.getMessage()
    assert "pass-word" not in caplog.text
