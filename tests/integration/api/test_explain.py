"""POST /explain: which terms spoke for a category, in parts that sum to its score."""

import math
from pathlib import Path
from typing import Any

import pytest

from tests.builders import sample_texts
from tests.integration.api.builders import HEADLINE, KINDS, MARK, Api, code_of, predictor, running

LONG = " ".join(sample_texts(1)[0])


def explain(api: Api, text: str = HEADLINE, **more: Any) -> dict[str, Any]:
    response = api.post("/explain", json={"text": text, **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_an_explanation_has_the_fields_that_were_promised_and_no_other(api: Api) -> None:
    body = explain(api)
    assert list(body) == [
        "category",
        "probability",
        "score",
        "baseline",
        "terms",
        "other_terms",
        "method",
        "model_version",
        "timestamp",
        "digest",
    ]
    assert (body["category"], body["model_version"]) == ("sports", "1")
    assert body["digest"] == predictor().bundle.digest
    assert {"cup", "final", "striker"} <= {one["term"] for one in body["terms"]}


@pytest.mark.parametrize("kind", KINDS)
def test_baseline_and_all_contributions_sum_to_the_score(kind: str, tmp_path: Path) -> None:
    model = predictor(kind)
    with running(tmp_path, model) as api:
        for text in (HEADLINE, LONG, "qwzx vbnk pqrt without one known word"):
            for category in model.classes:
                body = explain(api, text, category=category, top_k=3)
                assert len(body["terms"]) <= 3
                shown = sum(one["contribution"] for one in body["terms"])
                assert math.isclose(body["score"], body["baseline"] + shown + body["other_terms"], abs_tol=1e-9)
                assert body["probability"] == pytest.approx(model.predict(text).probabilities[category], abs=1e-12)
    assert body["method"] == ("linear" if kind in ("LogisticRegression", "MultinomialNB") else "sampled_shapley")


@pytest.mark.parametrize("kind", KINDS)
def test_by_default_the_predicted_category_is_explained(kind: str, tmp_path: Path) -> None:
    with running(tmp_path, predictor(kind)) as api:
        said, body = api.predict(LONG), explain(api, LONG)
    assert (body["category"], body["probability"]) == (said["prediction"], pytest.approx(said["confidence"]))


def test_the_scores_of_a_softmax_give_the_probabilities_back(api: Api) -> None:
    scores = [explain(api, category=category) for category in predictor().classes]
    total = sum(math.exp(body["score"]) for body in scores)
    for body in scores:
        assert math.isclose(math.exp(body["score"]) / total, body["probability"], rel_tol=1e-9)


@pytest.mark.parametrize("kind", ["MLPClassifier", "RandomForestClassifier"])
def test_the_score_of_sampled_values_is_the_logarithm_of_the_probability(kind: str, tmp_path: Path) -> None:
    with running(tmp_path, predictor(kind)) as api:
        body = explain(api)
    assert math.isclose(body["score"], math.log(body["probability"]), abs_tol=1e-9)


def test_terms_come_largest_first_and_those_not_shown_are_summed_up(api: Api) -> None:
    everything, some = explain(api, LONG, top_k=1000), explain(api, LONG, top_k=5)
    sizes = [abs(one["contribution"]) for one in everything["terms"]]
    assert len(sizes) > 20
    assert sizes == sorted(sizes, reverse=True)
    assert everything["other_terms"] == 0
    assert some["terms"] == everything["terms"][:5]
    assert math.isclose(some["other_terms"], sum(one["contribution"] for one in everything["terms"][5:]), abs_tol=1e-12)
    assert len(explain(api, LONG)["terms"]) == 20


def test_a_text_without_a_known_word_is_explained_by_the_baseline_alone(api: Api) -> None:
    body = explain(api, "qwzx vbnk pqrt hjkl")
    assert body["terms"] == []
    assert body["score"] == body["baseline"]


def test_a_category_that_the_model_does_not_know_is_refused_without_an_echo(api: Api) -> None:
    response = api.post("/explain", json={"text": HEADLINE, "category": MARK})
    assert response.status_code == 400
    assert code_of(response) == "unknown_category"
    assert MARK not in response.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "short"},
        {"text": " " * 20},
        {"text": HEADLINE, "top_k": 0},
        {"text": HEADLINE, "top_k": "3"},
        {"text": HEADLINE, "top_k": 1.5},
        {"text": HEADLINE, "category": ""},
        {"text": HEADLINE, "category": 3},
        {"text": HEADLINE, "threshold": 0.5},
    ],
    ids=str,
)
def test_what_cannot_be_explained_is_refused(body: dict[str, Any], api: Api) -> None:
    response = api.post("/explain", json=body)
    assert response.status_code == 400
    assert code_of(response) in ("invalid_input", "text_too_short", "text_blank")


def test_an_explanation_is_no_prediction(api: Api) -> None:
    explain(api)
    assert api.get("/health").json()["last_prediction"] is None
