"""What one may ask of a prediction: fewer probabilities, an answer only if it is certain enough, another model."""

import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.predictor import Predictor
from tests.builders import bundle_of, fit_pipeline, sample_texts
from tests.integration.api.builders import HEADLINE, Api, code_of, predictor, rows_of, running


@pytest.mark.parametrize("top_k", [1, 2, 5, 1000])
def test_top_k_gives_the_probabilities_of_that_many_best_categories(top_k: int, api: Api) -> None:
    everything, some = api.predict(), api.predict(top_k=top_k)
    assert list(some["probabilities"].items()) == list(everything["probabilities"].items())[:top_k]
    assert (some["prediction"], some["confidence"]) == (everything["prediction"], everything["confidence"])


def test_below_the_threshold_the_answer_is_uncertain_with_its_probabilities(api: Api) -> None:
    said = api.predict()
    body = api.predict(threshold=said["confidence"] + 0.001)
    assert body["prediction"] == "uncertain"
    assert (body["confidence"], body["probabilities"]) == (said["confidence"], said["probabilities"])


@pytest.mark.parametrize("below", [0.0, 0.001, None])
def test_at_or_above_the_threshold_the_category_is_answered(below: float | None, api: Api) -> None:
    said = api.predict()
    body = api.predict(threshold=None if below is None else said["confidence"] - below)
    assert body["prediction"] == said["prediction"]


def test_a_category_that_is_called_uncertain_is_told_from_abstaining(tmp_path: Path) -> None:
    texts, categories = sample_texts(20)
    names = ["uncertain" if category == "sports" else category for category in categories]
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    bundle = bundle_of(fit_pipeline(LogisticRegression(), texts, names, cleaning, tfidf), cleaning, tfidf)
    with running(tmp_path, Predictor(bundle)) as api:
        answers = [api.predict(), api.predict(threshold=1.0)]
        batch = api.post("/predict/batch", json={"texts": [HEADLINE], "threshold": 1.0}).json()["predictions"]
        lines = api.post(
            "/predict/batch?threshold=1",
            content=json.dumps({"text": HEADLINE}).encode(),
            headers={"Content-Type": "application/x-ndjson"},
        ).text.splitlines()
        assert api.metric("prediction_abstentions_total", model_version="1") == 3
    told = [*answers, *batch, json.loads(lines[0])]
    assert {answer["prediction"] for answer in told} == {"uncertain"}
    assert [answer["abstained"] for answer in told] == [False, True, True, True]


def test_what_is_uncertain_is_logged_with_the_category_and_counted_as_uncertain(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        api.predict(threshold=1.0)
        assert api.metric("predictions_total", category="uncertain", model_version="1") == 1
    (row,) = rows_of(api.settings, "predictions")
    assert row["category"] == "sports"


def test_a_batch_is_wished_for_as_a_whole(api: Api) -> None:
    response = api.post("/predict/batch", json={"texts": [HEADLINE] * 3, "top_k": 1, "threshold": 0.99, "model": "1"})
    for item in response.json()["predictions"]:
        assert item["prediction"] == "uncertain"
        assert list(item["probabilities"]) == ["sports"]


@pytest.mark.parametrize("name", ["champion", "1"])
@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_the_model_in_charge_may_be_asked_for_by_name_and_by_number(path: str, name: str, api: Api) -> None:
    response = api.post(path, json={"text": HEADLINE, "model": name})
    assert (response.status_code, response.json()["model_version"]) == (200, "1")


@pytest.mark.parametrize("name", ["challenger", "2"])
@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_model_that_is_not_there_is_told(path: str, name: str, api: Api) -> None:
    response = api.post(path, json={"text": HEADLINE, "model": name})
    assert response.status_code == 404
    assert code_of(response) == "unknown_model"


@pytest.mark.parametrize(
    "wish",
    [
        {"top_k": 0},
        {"top_k": 1001},
        {"top_k": 1.5},
        {"top_k": "2"},
        {"top_k": True},
        {"threshold": -0.1},
        {"threshold": 1.1},
        {"threshold": "0.5"},
        {"threshold": True},
        {"model": "best"},
        {"model": "0"},
        {"model": "01"},
        {"model": "../1"},
        {"model": ""},
        {"model": 1},
        {"model": "1" * 10},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_a_wish_that_cannot_be_is_refused(path: str, wish: dict[str, Any], api: Api) -> None:
    texts: dict[str, Any] = {"text": HEADLINE} if path == "/predict" else {"texts": [HEADLINE]}
    response = api.post(path, json=texts | wish)
    assert response.status_code == 400
    assert code_of(response) == "invalid_input"


def test_a_whole_number_is_a_threshold_too(api: Api) -> None:
    assert api.predict(threshold=0)["prediction"] == "sports"
    assert api.predict(threshold=1)["prediction"] == "uncertain"


def test_an_answer_from_the_cache_is_the_same_under_an_id_of_its_own(api: Api) -> None:
    first, second = api.predict(), api.predict()
    assert api.metric("prediction_cache_requests_total", result="hit") == 1
    assert api.metric("prediction_cache_requests_total", result="miss") == 1
    assert first["prediction_id"] != second["prediction_id"]
    for name in ("prediction", "confidence", "probabilities", "model_version", "digest"):
        assert first[name] == second[name]
    assert list(first["probabilities"]) == list(second["probabilities"])


def test_a_wish_does_not_stay_in_the_cache(api: Api) -> None:
    api.predict(top_k=1, threshold=1.0)
    body = api.predict()
    assert body["prediction"] == "sports"
    assert len(body["probabilities"]) == len(predictor().classes)


def test_without_a_cache_every_answer_is_made_anew(tmp_path: Path) -> None:
    with running(tmp_path, PREDICTION_CACHE_SIZE="0") as api:
        assert api.predict()["probabilities"] == api.predict()["probabilities"]
        assert api.metric("prediction_cache_requests_total", result="hit") == 0
        assert api.metric("prediction_cache_requests_total", result="miss") == 2
