import time

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from newsdesk.serving.security.memory_storage import BoundedMemoryStorage


def test_hits_are_counted_per_key_until_the_window_ends() -> None:
    memory = BoundedMemoryStorage()
    assert [memory.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert memory.incr("b", 60, amount=5) == 5
    assert memory.get("a") == 3
    assert memory.incr("c", -1) == 1  # a window that has ended already
    assert memory.get("c") == 0
    assert memory.incr("c", 60) == 1


def test_a_window_keeps_the_end_that_it_began_with() -> None:
    memory = BoundedMemoryStorage()
    memory.incr("a", 60)
    end = memory.get_expiry("a")
    memory.incr("a", 6000)
    assert memory.get_expiry("a") == pytest.approx(end, abs=1)


def test_a_million_callers_do_not_fill_the_memory() -> None:
    memory = BoundedMemoryStorage(max_counters=100)
    limiter = FixedWindowRateLimiter(memory)
    for number in range(10_000):
        limiter.hit(parse("1/day"), f"anonymous:{number}")
    assert len(memory) == 100


def test_the_counter_that_was_used_least_recently_makes_room() -> None:
    memory = BoundedMemoryStorage(max_counters=3)
    for key in ("a", "b", "c", "a", "d"):
        memory.incr(key, 60)
    assert [memory.get(key) for key in ("a", "b", "c", "d")] == [2, 0, 1, 1]


def test_counters_can_be_taken_back() -> None:
    memory = BoundedMemoryStorage()
    memory.incr("a", 60)
    memory.incr("b", 60)
    memory.clear("a")
    assert (memory.get("a"), memory.get("b")) == (0, 1)
    assert memory.check()
    assert memory.reset() == 1
    assert len(memory) == 0


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_a_clock_that_is_set_changes_no_window(hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = FixedWindowRateLimiter(BoundedMemoryStorage())
    rate = parse("2/minute")
    limiter.hit(rate, "a")
    is_now = time.time()
    monkeypatch.setattr(time, "time", lambda: is_now + hours * 3600)
    assert limiter.hit(rate, "a")
    assert not limiter.hit(rate, "a")  # neither forgotten
    assert 0 < limiter.get_window_stats(rate, "a").reset_time - time.time() <= 60  # nor prolonged


def test_a_window_ends_by_the_clock_that_nobody_sets() -> None:
    now = 100.0
    memory = BoundedMemoryStorage(clock=lambda: now)
    memory.incr("a", 60)
    now = 159.0
    assert memory.get("a") == 1
    now = 160.0
    assert (memory.get("a"), memory.incr("a", 60)) == (0, 1)
