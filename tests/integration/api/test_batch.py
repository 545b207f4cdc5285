"""POST /predict/batch with a JSON body: many texts, each answered as it would be alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.serving.batch_schemas import MAX_BATCH
from tests.builders import sample_texts
from tests.integration.api.builders import HEADLINE, KINDS, Api, code_of, predictor, rows_of, running

BAD_TEXTS = {
    "short": ("Cup final", "text_too_short"),
    "empty": ("", "text_too_short"),
    "blank": (" " * 20, "text_blank"),
    "punctuation": ("!!!! ???? ....", "text_without_words"),
    "emoji": ("\U0001f600\U0001f389\u2764\ufe0f" * 5, "text_without_words"),
    "nothing to be seen": ("\u200b\u2060\ufeff\u3164" * 5, "text_without_words"),
    "NUL": (f"{HEADLINE} \0", "invalid_input"),
    "half a character": (f"{HEADLINE} \ud800", "invalid_input"),
    "too long": ("x" * (MAX_TEXT_LENGTH + 1), "invalid_input"),
}


def batch(api: Api, texts: list[str], **more: Any) -> dict[str, Any]:
    response = api.post("/predict/batch", json={"texts": texts, **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_batch_has_the_fields_that_were_promised_and_no_other(api: Api) -> None:
    body = batch(api, [HEADLINE, "short"])
    assert list(body) == [
        "predictions",
        "succeeded",
        "failed",
        "processing_time_ms",
        "model_version",
        "timestamp",
        "digest",
    ]
    good, bad = body["predictions"]
    assert list(good) == [
        "index",
        "prediction",
        "confidence",
        "probabilities",
        "prediction_id",
        "model_version",
        "warnings",
        "abstained",
    ]
    assert bad.pop("message")
    assert bad == {"index": 1, "error": "Invalid input", "code": "text_too_short"}
    assert (body["succeeded"], body["failed"], body["model_version"]) == (1, 1, "1")
    assert body["digest"] == predictor().bundle.digest


@pytest.mark.parametrize("kind", KINDS)
def test_1500_texts_are_answered_in_order_and_as_each_alone(kind: str, tmp_path: Path) -> None:
    some, _ = sample_texts(60)
    texts = [f"{text} {number}" for number in range(5) for text in some]
    assert len(texts) == 1500
    alone = predictor(kind)
    with running(tmp_path, alone) as api:
        body = batch(api, texts)
        singles = [api.predict(text) for text in some[:10]]
    assert (body["succeeded"], body["failed"]) == (1500, 0)
    for index, (item, text) in enumerate(zip(body["predictions"], texts, strict=True)):
        said = alone.predict(text)
        assert (item["index"], item["prediction"]) == (index, said.category)
        assert item["probabilities"] == pytest.approx(said.probabilities, abs=1e-12)
    for single, text in zip(singles, some, strict=False):
        assert single["probabilities"] == pytest.approx(alone.predict(text).probabilities, abs=1e-12)
    assert len({item["prediction_id"] for item in body["predictions"]}) == 1500


def test_a_bad_text_is_a_failure_in_its_place_and_the_others_are_answered(api: Api) -> None:
    texts = [text for bad, _ in BAD_TEXTS.values() for text in (HEADLINE, bad)]
    body = batch(api, texts)
    assert (body["succeeded"], body["failed"]) == (len(BAD_TEXTS), len(BAD_TEXTS))
    assert [item["index"] for item in body["predictions"]] == list(range(len(texts)))
    assert {item["prediction"] for item in body["predictions"][::2]} == {"sports"}
    assert [item["code"] for item in body["predictions"][1::2]] == [code for _, code in BAD_TEXTS.values()]


@pytest.mark.parametrize(("text", "code"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_what_is_bad_in_a_batch_is_bad_alone(text: str, code: str, api: Api) -> None:
    response = api.post("/predict", json={"text": text})
    assert response.status_code == 400
    assert code_of(response) == ("invalid_input" if text == "" else code)


def test_a_batch_of_nothing_but_bad_texts_is_still_answered(api: Api) -> None:
    assert batch(api, ["", "short"])["failed"] == 2


def test_every_text_of_a_batch_is_logged_and_counted_under_its_id(tmp_path: Path) -> None:
    with running(tmp_path, PREDICTION_BATCH_SIZE="7") as api:
        body = batch(api, [HEADLINE, "short"] * 20)
        made = api.metric("predictions_total", category="sports", model_version="1")
    told = {item["prediction_id"] for item in body["predictions"] if "prediction_id" in item}
    assert {row["id"] for row in rows_of(api.settings, "predictions")} == told
    assert made == len(told) == 20


@pytest.mark.parametrize(
    "texts",
    [[], "text", None, {"text": HEADLINE}, [HEADLINE] * (MAX_BATCH + 1)],
    ids=["none", "a text", "null", "an object", "too many"],
)
def test_what_is_no_list_of_texts_is_refused(texts: Any, api: Api) -> None:
    response = api.post("/predict/batch", json={"texts": texts})
    assert response.status_code == 400
    assert code_of(response) == "invalid_input"


@pytest.mark.parametrize(
    "item",
    [None, 5, True, [HEADLINE], {}, {"text": None}, {"text": [HEADLINE]}, {"txt": HEADLINE}],
    ids=str,
)
def test_what_is_no_text_is_a_failure_in_its_place(item: Any, api: Api) -> None:
    body = batch(api, [HEADLINE, item, HEADLINE])  # type: ignore[list-item]
    before, failure, after = body["predictions"]
    assert (before["prediction"], after["prediction"]) == ("sports", "sports")
    assert (failure["index"], failure["code"]) == (1, "invalid_input")
    assert (body["succeeded"], body["failed"]) == (2, 1)


def test_the_most_texts_that_are_allowed_are_answered(api: Api) -> None:
    assert batch(api, ["Cup final"] * (MAX_BATCH - 1) + [HEADLINE])["succeeded"] == 1


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    content = json.dumps({"texts": ["x" * 900_000] * 10}).encode()
    response = api.post("/predict/batch", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert code_of(response) == "body_too_large"
