"""Open Inference Protocol v2: the shapes of its specification.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.fuzzing import fill_registry
from newsdesk import __version__
from newsdesk.registry.version import MODEL
from newsdesk.serving.app import create_app
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, MARK, Api, code_of, listening, predictor, running
from tests.serving import service_of

PLACES = [f"/v2/models/{MODEL}", f"/v2/models/{MODEL}/versions/1"]
TEXTS = [HEADLINE, "Bank lifts interest rates after shares fall"]


def infer(api: Api, place: str = PLACES[0], texts: Any = TEXTS, **more: Any) -> dict[str, Any]:
    response = api.post(f"{place}/infer", json=request(texts, **more))
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def request(texts: Any = TEXTS, **more: Any) -> dict[str, Any]:
    tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    return {"inputs": [tensor]} | more


def test_the_server_tells_what_it_is_and_how_it_is(api: Api) -> None:
    told = {"name": "newsdesk", "version": __version__, "extensions": ["binary_tensor_data"]}
    assert (api.get("/v2").json(), api.get("/v2/").json()) == (told, told)
    assert api.get("/v2/health/live").json() == {"live": True}
    assert api.get("/v2/health/ready").json() == {"ready": True}


def test_without_a_model_the_server_lives_and_is_not_ready(tmp_path: Path) -> None:
    with running(tmp_path, without_model=True) as api:
        assert api.get("/v2/health/live").status_code == 200
        ready = api.get("/v2/health/ready")
        assert (ready.status_code, ready.json()) == (503, {"ready": False})
        for place in PLACES:
            assert not api.get(f"{place}/ready").is_success
            assert not api.post(f"{place}/infer", json=request()).is_success


@pytest.mark.parametrize("place", PLACES)
def test_the_model_tells_what_it_takes_and_gives(place: str, api: Api) -> None:
    assert api.get(place).json() == {
        "name": MODEL,
        "versions": ["1"],
        "platform": "newsdesk_bundle",
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "category", "datatype": "BYTES", "shape": [-1]},
            {"name": "confidence", "datatype": "FP64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, 5]},
            {"name": "classes", "datatype": "BYTES", "shape": [5]},
        ],
    }
    assert api.get(f"{place}/ready").json() == {"name": MODEL, "ready": True}


@pytest.mark.parametrize("place", PLACES)
def test_an_answer_has_the_shape_of_the_specification(place: str, api: Api) -> None:
    body = infer(api, place, id="r-7")
    assert {name: body[name] for name in ("model_name", "model_version", "id")} == {
        "model_name": MODEL,
        "model_version": "1",
        "id": "r-7",
    }
    assert body["parameters"] == {"digest": predictor().bundle.digest}
    shapes = {output["name"]: (output["datatype"], output["shape"]) for output in body["outputs"]}
    assert shapes == {
        "category": ("BYTES", [2]),
        "confidence": ("FP64", [2]),
        "probabilities": ("FP64", [2, 5]),
        "classes": ("BYTES", [5]),
    }
    for output in body["outputs"]:
        count = 1
        for extent in output["shape"]:
            count *= extent
        assert len(output["data"]) == count


def test_only_the_outputs_that_are_asked_for_come_in_their_order(api: Api) -> None:
    body = infer(api, outputs=[{"name": "classes"}, {"name": "category", "parameters": {"binary_data": False}}])
    assert [output["name"] for output in body["outputs"]] == ["classes", "category"]


def test_a_column_of_texts_is_taken_too(api: Api) -> None:
    column = {"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": [[text] for text in TEXTS]}
    flat = {"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": TEXTS}
    for tensor in (column, flat):
        response = api.post(f"{PLACES[0]}/infer", json={"inputs": [tensor]})
        assert response.json()["outputs"] == infer(api)["outputs"]


def test_a_thousand_texts_are_answered_in_order(api: Api) -> None:
    body = infer(api, texts=TEXTS * 500, outputs=[{"name": "category"}])
    assert body["outputs"][0]["data"] == ["sports", "business"] * 500


def test_every_inference_is_logged_as_a_prediction(api: Api) -> None:
    infer(api)
    assert api.metric("predictions_total", category="sports", model_version="1") == 1


BAD: dict[str, dict[str, Any]] = {
    "no inputs": {"inputs": []},
    "nothing": {},
    "two inputs": {"inputs": request()["inputs"] * 2},
    "another input": {"inputs": [request()["inputs"][0] | {"name": MARK}]},
    "another type": {"inputs": [request()["inputs"][0] | {"datatype": "FP32"}]},
    "numbers": request([1, 2]),
    "a shape that is too large": {"inputs": [request()["inputs"][0] | {"shape": [3]}]},
    "a shape with a negative extent": {"inputs": [request()["inputs"][0] | {"shape": [-1]}]},
    "two columns": {"inputs": [request()["inputs"][0] | {"shape": [1, 2]}]},
    "no texts": request([]),
    "an unknown output": request(outputs=[{"name": MARK}]),
    "a number of parameters": request(parameters=1),
    "no data": {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES"}]},
    "binary data that do not come": request(parameters={"binary_data_size": 3})
    | {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 3}}]},
    "a size that is no number": {"inputs": [request()["inputs"][0] | {"parameters": {"binary_data_size": MARK}}]},
    "an output that is half binary": request(outputs=[{"name": "category", "parameters": {"binary_data": "half"}}]),
    "a classification": request(outputs=[{"name": "probabilities", "parameters": {"classification": 2}}]),
    "shared memory": request(outputs=[{"name": "category", "parameters": {"shared_memory_region": MARK}}]),
    "too many unknown items": request(**{MARK: [[0] * 10_000]}),
    "an unknown tree": request(**{MARK: {str(n): [n] for n in range(6000)}}),
    "a short text": request([HEADLINE, "short"]),
    "half a character": request([f"{HEADLINE} \ud800"]),
    "NUL": request([f"{HEADLINE} \0"]),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_the_specification_does_not_allow_is_refused_without_an_echo(body: dict[str, Any], api: Api) -> None:
    response = api.post(f"{PLACES[0]}/infer", json=body)
    assert response.status_code == 400
    assert code_of(response) in ("invalid_input", "wrong_shape", "text_too_short")
    assert MARK not in response.text


def test_the_content_type_may_be_left_out_and_may_be_no_other(api: Api) -> None:
    content = json.dumps(request()).encode()
    assert api.post(f"{PLACES[0]}/infer", content=content).status_code == 200
    refused = api.post(f"{PLACES[0]}/infer", content=content, headers={"Content-Type": "text/plain"})
    assert (refused.status_code, code_of(refused)) == (400, "invalid_input")


def test_a_bad_text_is_named_by_its_number(api: Api) -> None:
    response = api.post(f"{PLACES[0]}/infer", json=request([HEADLINE, "short"]))
    assert response.json()["message"].startswith("text 1: ")


@pytest.mark.parametrize(
    ("place", "status"),
    [
        (f"/v2/models/{MARK}", 404),
        (f"/v2/models/{MODEL}/versions/9", 404),
        (f"/v2/models/{MODEL}/versions/{MARK}", 404),
    ],
)
def test_another_model_is_not_found(place: str, status: int, api: Api) -> None:
    for response in (api.get(place), api.get(f"{place}/ready"), api.post(f"{place}/infer", json=request())):
        assert response.status_code == status
        assert code_of(response) == "unknown_model"
        assert MARK not in response.text


FAILURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a bad tensor": ("POST", f"{PLACES[0]}/infer", {"json": request([])}),
    "no JSON": ("POST", f"{PLACES[0]}/infer", {"content": b"{"}),
    "an unknown model": ("GET", "/v2/models/other", {}),
    "an unknown path": ("GET", "/v2/nowhere", {}),
    "a wrong method": ("POST", "/v2", {}),
    "an unknown coding": ("POST", f"{PLACES[0]}/infer", {"content": b"", "headers": {"Content-Encoding": "br"}}),
    "a large body": ("POST", f"{PLACES[0]}/infer", {"content": b" " * (8 * 1024 * 1024 + 1)}),
}


@pytest.mark.parametrize(("method", "path", "more"), FAILURES.values(), ids=FAILURES)
def test_the_field_that_clients_show_holds_the_sentence(method: str, path: str, more: dict[str, Any], api: Api) -> None:
    response = api.call(method, path, **more)
    assert code_of(response)
    body = response.json()
    assert body["error"] == body["message"]
    assert " " in body["error"]


def test_elsewhere_the_field_keeps_its_word(api: Api) -> None:
    assert api.get("/nowhere").json()["error"] == "Not Found"
    assert api.get("/v2nowhere").json()["error"] == "Not Found"


def test_without_a_key_the_field_holds_the_sentence_too(tmp_path: Path) -> None:
    with running(tmp_path, API_AUTH="true", API_SECRET_KEY="s" * 48) as api:
        response = api.post(f"{PLACES[0]}/infer", json=request())
        assert (response.status_code, response.json()["error"]) == (401, response.json()["message"])
        assert api.get("/v2/").status_code == api.call("HEAD", "/v2/health/ready").status_code == 200


UNKNOWN: dict[str, dict[str, Any]] = {
    "the model's name": request(model_name=MODEL, model_version="1"),
    "any member": request(**{MARK: {"a": [1, None, {"b": "c"}]}}),
    "a member of the tensor": {"inputs": [request()["inputs"][0] | {MARK: [MARK]}]},
    "a member of an output": request(outputs=[{"name": "category", MARK: None}]),
    "parameters": request(parameters={"sequence_id": 7, "headers": {"a": "b"}, MARK: [1]}),
    "parameters of the tensor": {"inputs": [request()["inputs"][0] | {"parameters": {MARK: [1.5, None]}}]},
    "a codec's name for the tensor": {"inputs": [request()["inputs"][0] | {"name": "input-1"}]},
    "nothing, many times": request(id=None, parameters=None, outputs=None),
    "as many items as are allowed": request(**{MARK: [[0] * 9_998]}),
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN)
def test_members_that_are_not_known_are_passed_over(body: dict[str, Any], api: Api) -> None:
    response = api.post(f"{PLACES[0]}/infer", json=body)
    assert response.status_code == 200, response.text
    assert response.json()["outputs"][0] == infer(api)["outputs"][0]
    assert MARK not in response.text


@pytest.mark.parametrize("outputs", [{}, {"outputs": []}, {"outputs": None}])
def test_all_outputs_come_where_none_are_named(outputs: dict[str, Any], api: Api) -> None:
    names = [output["name"] for output in infer(api, **outputs)["outputs"]]
    assert names == ["category", "confidence", "probabilities", "classes"]


def test_an_answer_has_no_id_where_the_request_has_none(api: Api) -> None:
    assert "id" not in infer(api)
    assert infer(api, id="")["id"] == ""


def typed(whole: str | None, tensor: str | None) -> dict[str, Any]:
    """A request whose content types are these."""
    body = {"inputs": [request()["inputs"][0] | {"parameters": {"content_type": tensor}}]}
    return body | {"parameters": {"content_type": whole}}


@pytest.mark.parametrize("content_type", ["pd", "np", "base64", "datetime", "pd_json", "dict", "STR", "", MARK])
def test_what_would_have_to_be_decoded_first_is_refused(content_type: str, api: Api) -> None:
    output = {"name": "category", "parameters": {"content_type": content_type}}
    bodies = [typed(None, content_type), typed("str", content_type), typed(content_type, None)]
    if content_type != "np":
        bodies += [request(outputs=[output])]
    for body in bodies:
        response = api.post(f"{PLACES[0]}/infer", json=body)
        assert (response.status_code, code_of(response)) == (400, "invalid_input"), body
        assert "content_type" in response.json()["error"]
        assert MARK not in response.text


@pytest.mark.parametrize("body", [typed("str", "str"), typed(None, "str"), typed("str", None), typed("pd", "str")])
def test_texts_that_are_called_texts_are_taken(body: dict[str, Any], api: Api) -> None:
    assert api.post(f"{PLACES[0]}/infer", json=body).json()["outputs"] == infer(api)["outputs"]


def test_every_version_that_answers_is_named(tmp_path: Path) -> None:
    fill_registry(tmp_path)
    with running(tmp_path) as api:
        for place in PLACES:
            assert api.get(place).json()["versions"] == ["1", "2"]
        for version in ("1", "2"):
            assert infer(api, f"/v2/models/{MODEL}/versions/{version}")["model_version"] == version
        with closing(sqlite3.connect(api.settings.embedded_mlflow)) as registry:
            registry.execute("ALTER TABLE model_versions RENAME TO out_of_reach")
        assert api.get(PLACES[0]).json()["versions"] == ["1"]


def test_the_head_of_all_that_is_told_can_be_asked_for(tmp_path: Path) -> None:
    paths = ["/v2", "/v2/", "/v2/health/live", "/v2/health/ready", *PLACES, *(f"{place}/ready" for place in PLACES)]
    with listening(create_app(service_of(settings_in(tmp_path), predictor()))) as address:
        for path in paths:
            whole, head = httpx.get(f"{address}{path}"), httpx.head(f"{address}{path}")
            assert (head.status_code, head.content) == (200, b"")
            for name in ("content-length", "content-type"):
                assert head.headers[name] == whole.headers[name]
