"""The challenger on live texts: unseen in the shadow, or answering its share of the callers."""

import json
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.experiment import Experiment, Mode
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.model_pool import ModelPool
from tests.builders import fitted_bundle
from tests.integration.api.builders import HEADLINE, Api, rows_of, running
from tests.unit.registry.shelf import Shelf
from tests.unit.serving.test_prediction_log import eventually
from tests.unit.store.rows import prediction

CALLERS = [f"key:{number}" for number in range(5000)]


@cache
def predictor(alpha: float = 1.0) -> Predictor:
    return Predictor(fitted_bundle(MultinomialNB(alpha=alpha), per_category=10))


class Opposed(Predictor):
    """Always says what the least probable category is."""

    def predict(self, text: str) -> Prediction:
        said = super().predict(text)
        category = list(said.probabilities)[-1]
        return Prediction(category, 0.99, {category: 0.99})

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        return [self.predict(text) for text in texts]


class Broken(Predictor):
    def predict(self, text: str) -> Prediction:
        raise ZeroDivisionError(text)

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        raise ZeroDivisionError(texts[0])


def experiment(mode: Mode, share: float = 0.5, challenger: Predictor | None = None) -> Experiment:
    models = ModelPool(LoadedModel(predictor(), "1"), 5, 0.05)
    models.challenger = LoadedModel(challenger or predictor(0.5), "2")
    return Experiment(mode, share, models, None, ApiMetrics(), "caller")


def asked_of_challenger(tried: Experiment, callers: Sequence[str] = CALLERS) -> set[str]:
    return {caller for caller in callers if tried.arm(caller)[1] == "challenger"}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_challenger_answers_its_share_of_the_callers(share: float) -> None:
    answered = len(asked_of_challenger(experiment("ab", share)))
    six_deviations = 6 * math.sqrt(len(CALLERS) * share * (1 - share))
    assert abs(answered - len(CALLERS) * share) < six_deviations


@pytest.mark.parametrize(("share", "answered"), [(0.0, 0), (1.0, len(CALLERS))])
def test_none_and_all_are_exact(share: float, answered: int) -> None:
    assert len(asked_of_challenger(experiment("ab", share))) == answered


def test_a_caller_stays_with_one_model_and_in_another_process_too() -> None:
    assert asked_of_challenger(experiment("ab")) == asked_of_challenger(experiment("ab"))


def test_who_was_asked_stays_asked_when_the_share_grows() -> None:
    assert asked_of_challenger(experiment("ab", 0.1)) < asked_of_challenger(experiment("ab", 0.3))


def test_another_challenger_gets_other_callers() -> None:
    one, other = (asked_of_challenger(experiment("ab", challenger=predictor(alpha))) for alpha in (0.5, 0.7))
    together = len(one & other) / len(CALLERS)
    assert abs(together - 0.25) < 6 * math.sqrt(0.25 * 0.75 / len(CALLERS))


@pytest.mark.parametrize("mode", ["off", "shadow"])
def test_outside_of_ab_the_champion_answers_everybody(mode: Mode) -> None:
    tried = experiment(mode, share=1.0)
    assert {tried.arm(caller)[0].version for caller in CALLERS[:50]} == {"1"}  # type: ignore[union-attr]


def test_without_a_challenger_there_is_no_experiment() -> None:
    models = ModelPool(LoadedModel(predictor(), "1"), 5, 0.05)
    assert Experiment("ab", 1.0, models, None, ApiMetrics()).arm("x") == (models.champion, None)


def test_texts_for_which_there_is_no_room_are_left_out_and_counted() -> None:
    models = ModelPool(LoadedModel(predictor(), "1"), 5, 0.05)
    models.challenger = LoadedModel(predictor(0.5), "2")
    metrics = ApiMetrics()
    tried = Experiment("shadow", 0, models, None, metrics)
    for _ in range(1010):
        tried.compare(HEADLINE, prediction(arm="champion"))
    assert metrics.registry.get_sample_value("experiment_comparisons_total", {"result": "left_out"}) == 10


def begin(api: Api, challenger: Predictor) -> None:
    """Once the server has seen that nobody is registered as the challenger, and before it looks again."""
    api.runner.run(api.service.alias_watcher.poll())
    api.service.models.challenger = LoadedModel(challenger, "2")


def compared(api: Api, result: str) -> float:
    return api.metric("experiment_comparisons_total", result=result)


def test_in_the_shadow_the_challenger_is_logged_beside_the_champion_and_never_returned(tmp_path: Path) -> None:
    challenger = Opposed(predictor().bundle)
    with running(tmp_path, predictor(), EXPERIMENT_MODE="shadow", MODEL_REFRESH_INTERVAL="600") as api:
        begin(api, challenger)
        answers = [api.predict(f"{HEADLINE} {number}") for number in range(5)]
        items = api.post("/predict/batch", json={"texts": [HEADLINE] * 3}).json()["predictions"]
        eventually(lambda: compared(api, "disagrees") == 8)
        assert compared(api, "agrees") == 0
    assert {answer["model_version"] for answer in answers + items} == {"1"}
    rows = rows_of(api.settings, "predictions")
    shadows = {row["pair_id"]: row for row in rows if row["arm"] == "shadow"}
    shown = {row["id"]: row for row in rows if row["arm"] == "champion"}
    assert set(shadows) == set(shown) == {answer["prediction_id"] for answer in answers + items}
    for pair_id, row in shadows.items():
        assert (row["model_version"], row["text_digest"]) == ("2", shown[pair_id]["text_digest"])
        assert row["category"] != shown[pair_id]["category"]
        assert row["confidence"] == 0.99
        assert (row["known_share"], row["language"], row["terms"]) == (None, None, None)


def test_a_challenger_that_agrees_is_counted_as_agreeing(tmp_path: Path) -> None:
    with running(tmp_path, predictor(), EXPERIMENT_MODE="shadow", MODEL_REFRESH_INTERVAL="600") as api:
        begin(api, predictor())
        api.predict()
        eventually(lambda: compared(api, "agrees") == 1)


def test_a_challenger_that_fails_in_the_shadow_is_counted_and_nobody_notices(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, predictor(), EXPERIMENT_MODE="shadow", MODEL_REFRESH_INTERVAL="600") as api:
        begin(api, Broken(predictor().bundle))
        assert api.predict()["model_version"] == "1"
        eventually(lambda: compared(api, "failed") == 1)
        assert api.get("/health").json()["status"] == "healthy"
    assert "Challenger 2 failed with ZeroDivisionError" in caplog.text
    assert HEADLINE not in caplog.text


def ask_as(api: Api, number: int) -> dict[str, Any]:
    return api.predict(client=f"192.0.2.{number}")


def test_in_ab_a_caller_is_answered_by_its_model_and_logged_with_its_arm(tmp_path: Path) -> None:
    with running(
        tmp_path,
        predictor(),
        EXPERIMENT_MODE="ab",
        EXPERIMENT_SHARE="0.5",
        EXPERIMENT_UNIT="caller",
        MODEL_REFRESH_INTERVAL="600",
    ) as api:
        begin(api, predictor(0.5))
        versions = {number: {ask_as(api, number)["model_version"] for _ in range(2)} for number in range(40)}
    assert all(len(found) == 1 for found in versions.values())
    assert set.union(*versions.values()) == {"1", "2"}
    for row in rows_of(api.settings, "predictions"):
        assert row["arm"] == ("champion" if row["model_version"] == "1" else "challenger")


TEXTS = [f"{HEADLINE} {number}" for number in range(200)]


def by_text(tmp_path: Path) -> AbstractContextManager[Api]:
    settings = {"EXPERIMENT_MODE": "ab", "EXPERIMENT_SHARE": "0.5", "MODEL_REFRESH_INTERVAL": "600"}
    return running(tmp_path, predictor(), **settings)


def test_one_caller_alone_has_both_models_in_ab(tmp_path: Path) -> None:
    """A text is always answered by the same, by whatever way and whoever sends it."""
    with by_text(tmp_path) as api:
        begin(api, predictor(0.5))
        items = api.post("/predict/batch", json={"texts": TEXTS}).json()["predictions"]
        versions = [item["model_version"] for item in items]
        six_deviations = 6 * math.sqrt(len(TEXTS) / 4)
        assert abs(versions.count("2") - len(TEXTS) / 2) < six_deviations
        lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
        streamed = api.post("/predict/batch", content=lines, headers={"Content-Type": "application/x-ndjson"})
        assert [json.loads(line)["model_version"] for line in streamed.content.splitlines()] == versions
        for number, text in enumerate(TEXTS[:20]):
            assert api.predict(text, client=f"192.0.2.{number}")["model_version"] == versions[number]
        for text, item in zip(TEXTS, items, strict=True):
            expected = predictor(0.5 if item["model_version"] == "2" else 1.0).predict(text)
            assert item["confidence"] == pytest.approx(expected.confidence)
    for row in rows_of(api.settings, "predictions"):
        assert row["arm"] == ("champion" if row["model_version"] == "1" else "challenger")


def test_a_batch_that_both_models_answer_keeps_its_order_and_its_refusals(tmp_path: Path) -> None:
    with by_text(tmp_path) as api:
        begin(api, Broken(predictor(0.5).bundle))  # so that the champion stands in for half of them
        texts = [text for pair in zip(TEXTS[:50], [""] * 50, strict=True) for text in pair]
        items = api.post("/predict/batch", json={"texts": texts}).json()["predictions"]
    assert [item["index"] for item in items] == list(range(100))
    assert {item["model_version"] for item in items[::2]} == {"1"}
    assert {item["code"] for item in items[1::2]} == {"text_too_short"}


def test_a_tensor_is_answered_by_one_model(tmp_path: Path) -> None:
    with by_text(tmp_path) as api:
        begin(api, predictor(0.5))
        answered = set()
        for start in range(0, 200, 10):
            tensor = {"name": "text", "shape": [10], "datatype": "BYTES", "data": TEXTS[start : start + 10]}
            answer = api.post("/v2/models/news-classifier/infer", json={"inputs": [tensor]}).json()
            confidence = next(found["data"] for found in answer["outputs"] if found["name"] == "confidence")
            asked = predictor(0.5 if answer["model_version"] == "2" else 1.0)
            assert confidence == pytest.approx([asked.predict(text).confidence for text in tensor["data"]])
            answered.add(answer["model_version"])
    assert answered == {"1", "2"}


@pytest.mark.parametrize("mode", ["ab", "shadow"])
def test_an_experiment_without_a_challenger_is_told(
    mode: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, predictor(), EXPERIMENT_MODE=mode, MODEL_REFRESH_INTERVAL="600") as api:
        for _ in range(2):
            api.runner.run(api.service.alias_watcher.poll())
        health = api.get("/health").json()
        assert health["problems"][0].startswith("no_challenger: EXPERIMENT_MODE asks for an experiment")
        begin(api, predictor(0.5))
        assert api.get("/health").json()["problems"] == []
    assert caplog.text.count("There is no experiment: nobody is the challenger.") == 1


def test_a_version_can_be_named_that_is_tried(shelf: Shelf) -> None:
    for alpha in (1.0, 0.5, 0.7):
        shelf.put(predictor(alpha).bundle)
    shelf.client.set_registered_model_alias("news-classifier", "champion", "1")
    shelf.client.set_registered_model_alias("news-classifier", "challenger", "2")
    for named, tried in (("3", "3"), (None, "2"), ("1", None), ("9", None)):
        version = {"EXPERIMENT_VERSION": named} if named else {}
        with running(shelf.settings.home.parent, predictor(), EXPERIMENT_MODE="ab", **version) as api:
            api.runner.run(api.service.alias_watcher.poll())
            challenger = api.service.models.challenger
            assert (challenger and challenger.version) == tried


def test_in_ab_a_challenger_that_fails_fails_nobody(tmp_path: Path) -> None:
    with running(
        tmp_path, predictor(), EXPERIMENT_MODE="ab", EXPERIMENT_SHARE="1", MODEL_REFRESH_INTERVAL="600"
    ) as api:
        begin(api, Broken(predictor().bundle))
        answers = [ask_as(api, number) for number in range(30)]
        assert api.metric("model_errors_total", model_version="2") == 30
    assert {answer["model_version"] for answer in answers} == {"1"}
    assert {row["arm"] for row in rows_of(api.settings, "predictions")} == {None}
