"""A quiet server looks at all texts, a busy one at some; a sample that fails harms nobody."""

import asyncio
import logging
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.predictor import Predictor
from newsdesk.model.reference_profile import TextStats
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.sampling import SampledStats, Sampler, TokenBucket
from newsdesk.serving.worker_threads import WorkerThreads
from tests.builders import fitted_bundle
from tests.unit.serving.security.builders import Clock

TEXT = "The champions have won the cup, and the players say that this was not their last"


@cache
def predictor() -> Predictor:
    return Predictor(fitted_bundle(MultinomialNB(), per_category=10))


class Broken(Predictor):
    def text_stats(self, text: str) -> TextStats:
        raise ValueError(text)


def sample(sampler: Sampler, *texts: str, by: Predictor | None = None) -> list[SampledStats | None]:
    return asyncio.run(sampler.sample(LoadedModel(by or predictor(), "1"), texts))


@pytest.fixture
def metrics() -> ApiMetrics:
    return ApiMetrics()


def test_a_bucket_gives_its_burst_and_then_as_many_as_come_in() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 3, clock)
    assert [bucket.take() for _ in range(5)] == [True, True, True, False, False]
    clock.now = 0.2
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    clock.now = 1_000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.floats(0, 10), max_size=60))
def test_no_bucket_gives_more_than_its_burst_and_its_rate(steps: list[float]) -> None:
    clock = Clock()
    bucket = TokenBucket(2, 5, clock)
    taken = 0
    for step in steps:
        clock.now += step
        taken += bucket.take()
    assert taken <= 5 + 2 * clock.now + 1e-6


def test_a_text_of_the_sample_is_told_as_the_model_sees_it(metrics: ApiMetrics) -> None:
    (found,) = sample(Sampler(metrics, WorkerThreads("long", 1)), TEXT)
    stats = predictor().text_stats(TEXT)
    assert found == SampledStats(stats.known_share, "en", stats.terms)
    assert 0 < stats.known_share <= 1
    assert metrics.registry.get_sample_value("prediction_languages_total", {"language": "en"}) == 1
    assert metrics.registry.get_sample_value("prediction_known_words_ratio_sum") == stats.known_share


def test_texts_beyond_the_sample_are_not_looked_at(metrics: ApiMetrics) -> None:
    found = sample(Sampler(metrics, WorkerThreads("long", 1), TokenBucket(10, 2, Clock())), TEXT, TEXT, TEXT)
    assert [one is not None for one in found] == [True, True, False]
    assert metrics.registry.get_sample_value("prediction_known_words_ratio_count") == 2


def test_a_long_text_is_looked_at_alike(metrics: ApiMetrics) -> None:
    long = f"{TEXT} " * 400
    (found,) = sample(Sampler(metrics, WorkerThreads("long", 1)), long)
    stats = predictor().text_stats(long)
    assert found == SampledStats(stats.known_share, "en", stats.terms)


def test_a_sample_that_fails_is_left_out_and_told_without_the_text(
    metrics: ApiMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert sample(Sampler(metrics, WorkerThreads("long", 1)), TEXT, TEXT, by=Broken(predictor().bundle)) == [None, None]
    assert "ValueError" in caplog.text
    assert TEXT not in caplog.text
    assert metrics.registry.get_sample_value("prediction_known_words_ratio_count") == 0
