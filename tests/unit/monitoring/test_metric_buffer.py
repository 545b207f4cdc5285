"""What is told later is what would have been told at once."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from newsdesk.monitoring.metric_buffer import BulkHistogram, MetricBuffer

BOUNDS = (0.1, 0.5, 1.0, 100.0)
values = st.lists(st.one_of(st.sampled_from([*BOUNDS, 0.0]), st.integers(0, 10**6).map(lambda n: n / 8)), max_size=50)


@given(values)
def test_many_values_at_once_are_told_as_one_by_one(found: list[float]) -> None:
    one_by_one, at_once = CollectorRegistry(), CollectorRegistry()
    histogram = Histogram("seconds", "Time.", registry=one_by_one, buckets=BOUNDS)
    for value in found:
        histogram.observe(value)
    BulkHistogram("seconds", "Time.", registry=at_once, buckets=BOUNDS).observe_many(found)
    told = [line for line in generate_latest(one_by_one).decode().splitlines() if "_created" not in line]
    assert [line for line in generate_latest(at_once).decode().splitlines() if "_created" not in line] == told


def test_what_happened_is_told_soon_by_itself() -> None:
    registry, batch = CollectorRegistry(), MetricBuffer()
    counter = Counter("requests", "Requests.", ["status"], registry=registry)

    async def run() -> float | None:
        for _ in range(3):
            batch.inc(counter.labels("200"))
        assert registry.get_sample_value("requests_total", {"status": "200"}) == 0
        async with asyncio.timeout(10):
            while not registry.get_sample_value("requests_total", {"status": "200"}):
                await asyncio.sleep(0.01)
        batch.inc(counter.labels("200"))
        async with asyncio.timeout(10):
            while registry.get_sample_value("requests_total", {"status": "200"}) == 3:
                await asyncio.sleep(0.01)
        return registry.get_sample_value("requests_total", {"status": "200"})

    assert asyncio.run(run()) == 4


def test_what_waits_is_bounded() -> None:
    registry, batch = CollectorRegistry(), MetricBuffer()
    histogram = BulkHistogram("seconds", "Time.", registry=registry)

    async def run() -> float | None:
        for _ in range(25_000):  # nothing else runs on the loop meanwhile
            batch.observe(histogram, 0.2)
        return registry.get_sample_value("seconds_count")

    assert asyncio.run(run()) == 20_000
    batch.flush()
    assert registry.get_sample_value("seconds_count") == 25_000
