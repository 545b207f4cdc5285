"""The HTTP interface, through the application itself: the fields of every answer, and one shape for every failure."""

import json
import logging
import math
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.sample import CATEGORIES
from newsdesk.serving.security.permissions import PERMISSIONS
from newsdesk.text.invisible import has_words
from tests.builders import fitted_bundle, settings_in
from tests.integration.api.builders import listening
from tests.serving import app_of, call

HEADLINE = "Striker scores twice as the champions win the cup final"
SECRET = "Kaleidoscopes"  # stands in every bad request, and may come back in no answer
JSON = {"Content-Type": "application/json"}
FOLDER = TemporaryDirectory()  # removed with the process


@cache
def predictor() -> Predictor:
    return Predictor(fitted_bundle(LogisticRegression()))


def new_app(answering: Predictor | None = None, version: str = "1") -> FastAPI:
    return app_of(settings_in(Path(FOLDER.name)), answering or predictor(), version)


@cache
def shared_app() -> FastAPI:
    """For tests that leave nothing behind in it."""
    return new_app()


def predict(app: FastAPI, text: str) -> httpx.Response:
    return call(app, "POST", "/predict", json={"text": text})


def failure_of(response: httpx.Response) -> dict[str, str]:
    """The body of a failure, once it is certain that it has the one shape."""
    assert response.headers["content-type"] == "application/json"
    body: dict[str, str] = response.json()
    assert list(body) == ["error", "message", "code", "request_id", "timestamp"]
    assert all(isinstance(value, str) and value == value.strip() != "" for value in body.values())
    assert re.fullmatch("[a-z]+(_[a-z]+)*", body["code"])
    assert UUID(body["request_id"])
    assert datetime.fromisoformat(body["timestamp"]).utcoffset() == UTC.utcoffset(None)
    return body


def assert_no_echo(response: httpx.Response) -> None:
    assert SECRET.casefold() not in (response.text + str(response.headers.raw)).casefold()


def test_health_has_the_fields_that_were_promised_and_no_other() -> None:
    response = call(new_app(version="7"), "GET", "/health")
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["status", "model_type", "model_version", "uptime", "last_prediction", "problems"]
    assert (body["status"], body["model_type"], body["model_version"]) == ("healthy", "LogisticRegression", "7")
    assert re.fullmatch(r"(\d+ days?, )?\d{1,2}:\d{2}:\d{2}", body["uptime"])


def test_health_tells_when_the_last_prediction_was_made_and_null_before_the_first() -> None:
    app = new_app()
    assert call(app, "GET", "/health").json()["last_prediction"] is None
    assert predict(app, "short").status_code == 400
    assert call(app, "GET", "/health").json()["last_prediction"] is None
    predict(app, HEADLINE)
    answered = predict(app, HEADLINE).json()["timestamp"]
    assert call(app, "GET", "/health").json()["last_prediction"] == answered


def test_a_prediction_has_the_fields_that_were_promised_and_no_other() -> None:
    before = datetime.now(UTC)
    response = predict(new_app(version="7"), HEADLINE)
    assert response.status_code == 200
    body = response.json()
    assert list(body) == [
        "prediction",
        "confidence",
        "probabilities",
        "processing_time_ms",
        "model_version",
        "timestamp",
        "prediction_id",
        "digest",
        "warnings",
        "abstained",
    ]
    assert body["prediction"] == "sports"
    assert body["model_version"] == "7"
    assert body["processing_time_ms"] > 0
    assert body["timestamp"].endswith("Z")
    assert before <= datetime.fromisoformat(body["timestamp"]) <= datetime.now(UTC)


def test_a_prediction_is_what_the_predictor_says() -> None:
    said = predictor().predict(HEADLINE)
    body = predict(shared_app(), HEADLINE).json()
    assert (body["prediction"], body["confidence"]) == (said.category, said.confidence)
    assert list(body["probabilities"].items()) == list(said.probabilities.items())


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),
        MultinomialNB(),
        MLPClassifier(hidden_layer_sizes=[8], learning_rate_init=0.05, random_state=1),
        RandomForestClassifier(n_estimators=10, max_depth=5, random_state=1),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_whatever_the_classifier_its_probabilities_sum_to_one_and_come_highest_first(classifier: Any) -> None:
    app = new_app(Predictor(fitted_bundle(classifier, per_category=20)))
    for text in (HEADLINE, "Bank lifts interest rates after shares fall", "qwzx vbnk pqrt without one known word"):
        body = predict(app, text).json()
        assert_probabilities(body)
    assert call(app, "GET", "/health").json()["model_type"] == type(classifier).__name__
    assert call(app, "GET", "/model/info").json()["model_name"] == type(classifier).__name__


def assert_probabilities(body: dict[str, Any]) -> None:
    probabilities = body["probabilities"]
    assert set(probabilities) == set(CATEGORIES)
    assert math.isclose(sum(probabilities.values()), 1)
    assert all(0 <= value <= 1 for value in probabilities.values())
    assert list(probabilities.values()) == sorted(probabilities.values(), reverse=True)
    assert (body["prediction"], body["confidence"]) == next(iter(probabilities.items()))


def test_model_info_has_the_fields_that_were_promised_and_the_origin_of_the_model() -> None:
    response = call(new_app(version="7"), "GET", "/model/info")
    assert response.status_code == 200
    assert response.json() == {
        "model_name": "LogisticRegression",
        "version": "7",
        "accuracy": 0.9,
        "categories": list(CATEGORIES),
        "training_date": "2026-01-02T03:04:05Z",
        "feature_count": predictor().bundle.manifest.feature_count,
        "dataset_version": "test",
        "digest": predictor().bundle.digest,
    }


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=10, max_size=200))
@settings(max_examples=60, deadline=None)
def test_every_text_that_is_long_enough_gets_a_prediction(text: str) -> None:
    response = predict(shared_app(), text)
    if not has_words(text):
        assert failure_of(response)["code"] in ("text_blank", "text_without_words")
    else:
        assert response.status_code == 200
        assert_probabilities(response.json())


def test_a_text_of_the_greatest_length_gets_a_prediction() -> None:
    assert predict(shared_app(), "cup final " * 100_000).status_code == 200


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_documentation_page_and_all_it_loads_come_from_this_application(page: str) -> None:
    response = call(shared_app(), "GET", page)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"(?m)^\s*//.*$", "", response.text)
    loaded = re.findall(r"""(?:src|href|spec-url)="([^"]+)"|url: '([^']+)'""", response.text)
    addresses = {quoted or bare for quoted, bare in loaded}
    assert "/openapi.json" in addresses
    assert any(address.endswith(".js") for address in addresses)
    for address in addresses:
        assert call(shared_app(), "GET", address).status_code == 200, address


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_may_load_nothing_from_another_host(page: str) -> None:
    policy = call(shared_app(), "GET", page).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert "http" not in policy


def test_openapi_describes_every_path_its_fields_and_its_failure() -> None:
    response = call(shared_app(), "GET", "/openapi.json")
    assert response.status_code == 200
    assert "://" not in response.text
    assert "HTTPValidationError" not in response.text
    paths, schemas = response.json()["paths"], response.json()["components"]["schemas"]
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    pages = {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/static-offline-docs/{path:path}"}
    assert told == {(method, path) for method, path, _ in PERMISSIONS if path not in pages}
    refused = paths["/predict"]["post"]["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"]
    assert list(schemas[refused.rpartition("/")[2]]["properties"]) == list(failure_of(predict(shared_app(), "short")))


def test_openapi_promises_no_failure_that_never_happens() -> None:
    description = call(shared_app(), "GET", "/openapi.json").json()
    assert set(description["paths"]["/predict"]["post"]["responses"]) == {"200", "4XX", "5XX"}


BAD_BODIES = {
    "text is missing": (b"{}", "Text field is required"),
    "no body": (b"", "JSON body is required"),
    "text is empty": (b'{"text": ""}', "text"),
    "text is blank": (b'{"text": "                    "}', "blank"),
    "text is too short": (b'{"text": "Cup final"}', "at least 10 characters"),
    "text is too long": (json.dumps({"text": SECRET * 80_000}).encode(), "1000000 characters"),
    "text is a number": (b'{"text": 5}', "string"),
    "text is null": (b'{"text": null}', "string"),
    "text is a truth value": (b'{"text": true}', "string"),
    "text is a list": (json.dumps({"text": [SECRET]}).encode(), "string"),
    "text is an object": (json.dumps({"text": {SECRET: SECRET}}).encode(), "string"),
    "text is twice, once wrong": (json.dumps({"text": SECRET})[:-1].encode() + b', "text": 5}', "a key twice"),
    "unknown field": (json.dumps({"text": HEADLINE, f"{SECRET} {SECRET}": 1}).encode(), "not known"),
    "unknown field, text missing": (json.dumps({f"{SECRET}!": SECRET}).encode(), "field"),
    "body is a list": (json.dumps([SECRET]).encode(), "body"),
    "body is a string": (json.dumps(SECRET).encode(), "body"),
    "body is a number": (b"1", "body"),
    "body is null": (b"null", "body"),
    "malformed JSON": (f'{{"text": {SECRET}}}'.encode(), "not valid JSON"),
    "truncated JSON": (f'{{"text": "{SECRET}'.encode(), "not valid JSON"),
    "invalid UTF-8": (b'{"text": "' + SECRET.encode() + b' \xff\xfe"}', "UTF-8"),
    "UTF-8 of half a character": (b'{"text": "' + SECRET.encode() + b' \xed\xa0\x80"}', ""),
    "NaN": (b'{"text": NaN}', "NaN"),
    "Infinity": (b'{"text": Infinity}', "NaN or Infinity"),
    "minus Infinity": (b'{"text": -Infinity}', "NaN or Infinity"),
    "NaN is all": (b"NaN", "body"),
    "number beyond floats": (b'{"text": 1e999}', "too large"),
    "number of ten thousand digits": (b'{"text": ' + b"1" * 10_000 + b"}", ""),
    "NaN in an unknown field": (b'{"text": "' + HEADLINE.encode() + b'", "weight": NaN}', "NaN"),
    "lone surrogate": (rf'{{"text": "{SECRET} \ud800 in it"}}'.encode(), "broken Unicode"),
    "surrogates the wrong way round": (rf'{{"text": "{SECRET} \udc00\ud800"}}'.encode(), "broken Unicode"),
    "NUL": (rf'{{"text": "{SECRET} \u0000 in it"}}'.encode(), "NUL"),
    "NUL, not escaped": (f'{{"text": "{SECRET} \0 in it"}}'.encode(), "not valid JSON"),
    "lists a hundred thousand deep": (b"[" * 100_000 + b"]" * 100_000, ""),
    "objects a hundred thousand deep": (b'{"text":' * 100_000 + b"1" + b"}" * 100_000, ""),
    "unknown field five hundred deep": (b'{"text": "' + b"x" * 20 + b'", "x":' + b"[" * 500 + b"]" * 500 + b"}", ""),
    "body of seven megabytes": (b'{"text": "' + SECRET.encode() * 550_000 + b'"}', "1000000 characters"),
}


@pytest.mark.parametrize(("body", "says"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused_in_the_one_shape_without_being_echoed(body: bytes, says: str) -> None:
    response = call(shared_app(), "POST", "/predict", content=body, headers=JSON)
    assert response.status_code == 400
    failure = failure_of(response)
    assert failure["error"] == "Invalid input"
    assert failure["code"] in ("invalid_input", "text_too_short", "text_blank")
    assert says.casefold() in failure["message"].casefold()
    assert_no_echo(response)


def test_a_lone_surrogate_in_the_name_of_a_field_is_refused_in_a_whole_sentence() -> None:
    body = rf'{{"text": "{HEADLINE}", "{SECRET}\ud800": 1}}'.encode()
    failure_of(call(shared_app(), "POST", "/predict", content=body, headers=JSON))


WRONG_TYPES: dict[str, dict[str, Any]] = {
    "none": {"content": json.dumps({"text": HEADLINE}).encode()},
    "plain text": {"content": f"{HEADLINE} {SECRET}".encode(), "headers": {"Content-Type": "text/plain"}},
    "JSON as form": {
        "content": json.dumps({"text": f"{HEADLINE} {SECRET}"}).encode(),
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "form": {"data": {"text": f"{HEADLINE} {SECRET}"}},
    "file": {"files": {"text": f"{HEADLINE} {SECRET}".encode()}},
    "nonsense": {"content": json.dumps({"text": SECRET}).encode(), "headers": {"Content-Type": SECRET}},
}


@pytest.mark.parametrize("request_", WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_a_body_of_another_content_type_is_refused_in_the_one_shape(request_: dict[str, Any]) -> None:
    response = call(shared_app(), "POST", "/predict", **request_)
    assert response.status_code == 400
    assert failure_of(response)["error"] == "Invalid input"
    assert_no_echo(response)


def test_who_forgets_the_content_type_is_told_which_one_to_send() -> None:
    response = call(shared_app(), "POST", "/predict", **WRONG_TYPES["JSON as form"])
    assert "application/json" in failure_of(response)["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("PUT", "/predict", "POST"),
        ("DELETE", "/predict", "POST"),
        ("OPTIONS", "/predict", "POST"),
        ("POST", "/health", "GET"),
        ("PATCH", "/model/info", "GET"),
        (SECRET.upper(), "/predict", "POST"),
    ],
)
def test_a_wrong_method_is_refused_in_the_one_shape_and_the_right_one_is_named(
    method: str, path: str, allowed: str
) -> None:
    response = call(shared_app(), method, path, content=SECRET.encode())
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert failure_of(response)["code"] == "method_not_allowed"
    assert_no_echo(response)


@pytest.mark.parametrize(
    "path", ["/", f"/{SECRET}", f"/predict/{SECRET}", f"/static-offline-docs/{SECRET}", "/%00", "/%ff", "/a/../../etc"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_refused_in_the_one_shape(method: str, path: str) -> None:
    response = call(shared_app(), method, path, params={"q": SECRET})
    assert response.status_code == (405 if method == "POST" and path.startswith("/static") else 404)
    assert failure_of(response)["code"] in ("not_found", "method_not_allowed")
    assert_no_echo(response)


def test_every_failure_has_an_id_of_its_own() -> None:
    ids = {failure_of(predict(shared_app(), "short"))["request_id"] for _ in range(5)}
    assert len(ids) == 5


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner),
    max_leaves=8,
)


@given(body=any_json | st.fixed_dictionaries({"text": any_json}))
@settings(max_examples=100, deadline=None)
def test_no_json_whatever_is_a_server_error(body: Any) -> None:
    response = call(shared_app(), "POST", "/predict", content=json.dumps(body).encode(), headers=JSON)
    assert response.status_code in (200, 400)


@given(body=st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_bytes_whatever_are_a_server_error(body: bytes) -> None:
    response = call(shared_app(), "POST", "/predict", content=body, headers=JSON)
    assert response.status_code == 400
    assert failure_of(response)["error"] == "Invalid input"


def test_a_body_far_larger_than_any_article_is_refused_before_all_of_it_is_read() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b"x" * 1_000_000

    response = call(shared_app(), "POST", "/predict", content=endless(), headers=JSON)
    assert 400 <= response.status_code < 500
    failure_of(response)
    assert sent < 64


class Defective(Predictor):
    """Breaks on every text, and says so with the text in its message."""

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        raise ValueError(f"cannot handle {texts}")


def defective_app() -> FastAPI:
    return new_app(Defective(predictor().bundle))


def test_a_defect_is_answered_in_the_one_shape_without_the_text() -> None:
    response = predict(defective_app(), f"{HEADLINE} {SECRET}")
    assert response.status_code == 500
    assert failure_of(response)["code"] == "model_failed"
    assert_no_echo(response)
    assert "ValueError" not in response.text


def test_a_defect_is_logged_with_its_kind_and_place(caplog: pytest.LogCaptureFixture) -> None:
    predict(defective_app(), HEADLINE)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    line = Defective.predict_many.__code__.co_firstlineno + 1
    assert record.getMessage() == f"Version 1 failed with ValueError at {__file__}:{line}"


def test_after_a_defect_the_application_still_answers_and_counts_no_prediction() -> None:
    app = defective_app()
    predict(app, HEADLINE)
    assert call(app, "GET", "/health").json()["last_prediction"] is None


def test_a_defect_leaves_nothing_of_the_text_in_the_logs_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with listening(defective_app()) as address:
        assert httpx.post(f"{address}/predict", json={"text": f"{HEADLINE} {SECRET}"}).status_code == 500
    assert "/predict" in caplog.text
    assert SECRET not in caplog.text
