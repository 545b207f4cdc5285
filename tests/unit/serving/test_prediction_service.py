"""From a text to an answer while models change: requests finish on the model they began with, and none fails."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.serving.errors import ApiError
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.prediction_result import PredictionOptions, PredictionResult
from newsdesk.serving.problems import Problem
from newsdesk.serving.server_state import ServerState
from tests.builders import fitted_bundle, settings_in
from tests.integration.api.builders import HEADLINE
from tests.serving import service_of, value_of

LONG = HEADLINE + " and wins" * 3000  # is predicted in a thread


@cache
def good() -> Predictor:
    return Predictor(fitted_bundle(MultinomialNB(), per_category=10))


@cache
def other() -> Predictor:
    return Predictor(fitted_bundle(MultinomialNB(alpha=0.5), per_category=10))


class Broken(Predictor):
    """Passes every check, and fails on every text then."""

    def __init__(self) -> None:
        super().__init__(other().bundle)

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        raise ZeroDivisionError(texts[0])


class Waiting(Predictor):
    """Answers only when it is let go."""

    def __init__(self) -> None:
        self.is_asked, self.may_go = threading.Event(), threading.Event()
        super().__init__(good().bundle)

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        self.is_asked.set()
        assert self.may_go.wait(30)
        return super().predict_many(texts)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServerState]:
    service = service_of(settings_in(tmp_path, PREDICTION_LOG="false"), good())
    yield service
    asyncio.run(service.stop())


def ask(service: ServerState, text: str = HEADLINE, caller: str = "desk") -> PredictionResult:
    async def answered() -> PredictionResult:
        served, arm = service.predictions.choose_model(None, caller)
        return await service.predictions.predict_one(text, PredictionOptions(), served, arm, caller)

    return asyncio.run(answered())


def ask_many(service: ServerState, texts: Sequence[str]) -> list[PredictionResult | ApiError]:
    async def answered() -> list[PredictionResult | ApiError]:
        served, arm = service.predictions.choose_model(None, "desk")
        return await service.predictions.predict_many(texts, PredictionOptions(), served, arm, "desk")

    return asyncio.run(answered())


def count(service: ServerState, name: str, **labels: str) -> float:
    return value_of(service.metrics, name, labels) or 0


def test_a_new_model_that_fails_is_taken_back_and_no_request_notices(
    service: ServerState, caplog: pytest.LogCaptureFixture
) -> None:
    service.models.promote(LoadedModel(Broken(), "2"))
    answers = [ask(service, f"{HEADLINE} {number}") for number in range(50)]
    assert {answer.model.version for answer in answers} == {"1"}
    assert all(
        answer.probabilities == good().predict(f"{HEADLINE} {n}").probabilities for n, answer in enumerate(answers)
    )
    assert service.models.champion
    assert service.models.champion.version == "1"
    assert count(service, "model_errors_total", model_version="2") == 20
    assert count(service, "model_swaps_total", result="reverted") == 1
    assert service.problems() == [Problem("model_reverted", "Version 2 failed too often and was taken back")]
    assert HEADLINE not in caplog.text


def test_a_batch_that_began_on_a_model_that_is_taken_back_is_answered_whole(tmp_path: Path) -> None:
    service = service_of(settings_in(tmp_path, PREDICTION_LOG="false", PREDICTION_BATCH_SIZE="1"), good())
    service.models.promote(LoadedModel(Broken(), "2"))
    answers = ask_many(service, [HEADLINE] * 60)
    assert [answer.model.version for answer in answers if isinstance(answer, PredictionResult)] == ["1"] * 60
    assert count(service, "model_swaps_total", result="reverted") == 1


def test_an_answer_of_a_stand_in_is_not_kept_for_the_model_that_failed(service: ServerState) -> None:
    broken = LoadedModel(Broken(), "2")
    service.models.promote(broken)
    ask(service)
    ask(service)
    assert count(service, "model_errors_total", model_version="2") == 2


def test_where_nobody_can_stand_in_the_failure_is_told(tmp_path: Path) -> None:
    service = service_of(settings_in(tmp_path, PREDICTION_LOG="false"), Broken())
    with pytest.raises(ApiError) as caught:
        ask(service)
    assert (caught.value.status, caught.value.code) == (500, "model_failed")
    assert HEADLINE not in str(caught.value)


def test_a_version_that_was_asked_for_and_fails_is_told(service: ServerState) -> None:
    async def asked_for() -> None:
        served, arm = service.predictions.choose_model(LoadedModel(Broken(), "9"), "desk")
        await service.predictions.predict_one(HEADLINE, PredictionOptions(), served, arm, "desk")

    with pytest.raises(ApiError, match="could not answer"):
        asyncio.run(asked_for())


@pytest.mark.parametrize("swaps", [1, 2, 5])
def test_a_request_finishes_on_the_model_that_it_began_with(swaps: int, tmp_path: Path) -> None:
    waiting = Waiting()
    service = service_of(settings_in(tmp_path, PREDICTION_LOG="false", MODEL_CACHE_SIZE="1"), waiting)

    async def run() -> tuple[PredictionResult, PredictionResult]:
        served, arm = service.predictions.choose_model(None, "desk")
        begun = asyncio.create_task(service.predictions.predict_one(LONG, PredictionOptions(), served, arm, "desk"))
        assert await asyncio.to_thread(waiting.is_asked.wait, 30)
        for number in range(2, swaps + 2):
            service.models.promote(LoadedModel(good(), str(number)))
        served, arm = service.predictions.choose_model(None, "desk")
        during = await service.predictions.predict_one(HEADLINE, PredictionOptions(), served, arm, "desk")
        waiting.may_go.set()
        return await begun, during

    begun, during = asyncio.run(run())
    assert (begun.model.version, during.model.version) == ("1", str(swaps + 1))
    assert begun.probabilities == good().predict(LONG).probabilities


def test_a_long_text_keeps_nobody_waiting_and_is_answered_alike(service: ServerState) -> None:
    answer = ask(service, LONG)
    assert answer.probabilities == good().predict(LONG).probabilities
    assert answer.category == good().predict(LONG).category


def test_each_version_has_answers_of_its_own_in_the_cache(service: ServerState) -> None:
    first = ask(service)
    service.models.promote(LoadedModel(other(), "2"))
    second = ask(service)
    assert first.confidence != second.confidence
    assert second.confidence == other().predict(HEADLINE).confidence


def test_the_threshold_itself_is_certain_enough() -> None:
    said = Prediction("sports", 0.5, {"sports": 0.5, "business": 0.5})
    assert PredictionOptions(threshold=0.5).category(said) == "sports"
    assert PredictionOptions(threshold=0.5000001).category(said) == "uncertain"


def test_an_answer_below_the_threshold_is_counted_as_none(service: ServerState) -> None:
    async def asked() -> None:
        served, arm = service.predictions.choose_model(None, "desk")
        for threshold in (0.0, 1.0):
            await service.predictions.predict_one(HEADLINE, PredictionOptions(threshold=threshold), served, arm, "desk")

    asyncio.run(asked())
    assert count(service, "prediction_abstentions_total", model_version="1") == 1
    assert count(service, "prediction_text_length_characters_sum") == 2 * len(HEADLINE)


def test_a_quiet_server_looks_at_every_text_whether_its_answer_is_remembered_or_not(service: ServerState) -> None:
    ask(service)
    ask(service)
    ask_many(service, [HEADLINE, "short", LONG])
    assert count(service, "prediction_known_words_ratio_count") == 4
    assert count(service, "prediction_languages_total", language="en") == 4


def test_a_busy_server_looks_at_few(service: ServerState) -> None:
    ask_many(service, [f"{HEADLINE} {number}" for number in range(2000)])
    assert 500 <= count(service, "prediction_known_words_ratio_count") < 1000
