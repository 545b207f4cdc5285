import logging
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from newsdesk.errors import RegistryError
from newsdesk.monitoring.catalogue import COVERAGE, SOURCE_UP
from newsdesk.monitoring.exporter.polled_source import PolledSource
from newsdesk.monitoring.exporter.source_group import SourceGroup
from newsdesk.monitoring.metric_samples import MetricSample
from tests.waiting import PATIENCE

UP, DOWN = MetricSample(SOURCE_UP, ("store",), 1.0), MetricSample(SOURCE_UP, ("store",), 0.0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def value(number: float) -> MetricSample:
    return MetricSample(COVERAGE, (), number)


def counting() -> Callable[[], list[MetricSample]]:
    """1 when first read, then 2, and so on."""
    numbers = iter(range(1, 100))
    return lambda: [value(next(numbers))]


def failing(error: Exception) -> Callable[[], list[MetricSample]]:
    def read() -> list[MetricSample]:
        raise error

    return read


def told(source: PolledSource) -> list[MetricSample]:
    source.begin()
    return source.samples(PATIENCE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_values_serve_until_they_are_as_old_as_the_interval_and_are_read_again_then(clock: Clock) -> None:
    source = PolledSource("store", counting(), 15, clock)
    assert told(source) == [UP, value(1)]
    clock.now += 14.9
    assert told(source) == [UP, value(1)]
    clock.now += 0.2
    assert told(source) == [UP, value(2)]


@pytest.mark.parametrize("error", [RegistryError("MLflow is away."), KeyError("windows")])
def test_a_source_that_fails_is_down_and_its_last_values_are_gone(clock: Clock, error: Exception) -> None:
    reads = iter([counting(), failing(error), counting()])
    source = PolledSource("store", lambda: next(reads)(), 15, clock)
    assert told(source) == [UP, value(1)]
    clock.now += 15
    assert told(source) == [DOWN]
    clock.now += 15
    assert told(source) == [UP, value(1)]


def test_a_source_that_hangs_is_down_until_it_has_answered_and_is_not_asked_twice(clock: Clock) -> None:
    go_on, asked = Event(), []

    def read() -> list[MetricSample]:
        asked.append(1)
        assert go_on.wait(PATIENCE)
        return [value(1)]

    source = PolledSource("store", read, 15, clock)
    for _ in range(3):
        source.begin()
        assert source.samples(0.01) == [DOWN]
        clock.now += 60
    go_on.set()
    assert source.samples(PATIENCE) == [UP, value(1)]
    assert len(asked) == 1


def test_a_source_that_hangs_takes_no_values_of_the_others_with_it(hanging: Callable[[], list[MetricSample]]) -> None:
    sources = SourceGroup([PolledSource("airflow", hanging, 15), PolledSource("store", counting(), 15)])
    assert sources.samples(timeout=0.5) == [MetricSample(SOURCE_UP, ("airflow",), 0.0), UP, value(1)]


def test_a_source_that_nobody_began_to_read_is_down() -> None:
    assert PolledSource("store", counting(), 15).samples(0) == [DOWN]


def test_it_is_said_once_that_a_source_is_away_and_once_that_it_is_back(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    away = failing(RegistryError("MLflow is away."))
    reads = iter([away, away, away, counting(), counting()])
    source = PolledSource("registry", lambda: next(reads)(), 15, clock)
    with caplog.at_level(logging.INFO, "newsdesk.exporter"):
        for _ in range(5):
            told(source)
            clock.now += 15
    assert [record.getMessage() for record in caplog.records] == [
        "The source registry is away: MLflow is away.",
        "The source registry is back",
    ]


@pytest.fixture
def hanging() -> Iterator[Callable[[], list[MetricSample]]]:
    go_on = Event()

    def read() -> list[MetricSample]:
        go_on.wait(PATIENCE)
        return []

    yield read
    go_on.set()
