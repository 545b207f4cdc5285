"""Open Inference Protocol v2: the shapes of its specification, and a client that others wrote.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from newsdesk import __version__
from newsdesk.registry.version import MODEL
from newsdesk.serving.app import create_app
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, MARK, Api, code_of, listening, predictor, running
from tests.serving import service_of

PLACES = [f"/v2/models/{MODEL}", f"/v2/models/{MODEL}/versions/1"]
TEXTS = [HEADLINE, "Bank lifts interest rates after shares fall"]

# Its library bends the sockets of the process it runs in: it gets one of its own.
CLIENT = """
import json, sys
import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

address, model, texts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
client = InferenceServerClient(address)
text = InferInput("text", [len(texts)], "BYTES")
text.set_data_from_numpy(np.array(texts, dtype=object), binary_data=False)
named = [InferRequestedOutput(name, binary_data=False) for name in ("category", "probabilities", "classes")]
found = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model ready": [client.is_model_ready(model), client.is_model_ready(model, "1"), client.is_model_ready("other")],
    "server": client.get_server_metadata(),
    "model": [client.get_model_metadata(model), client.get_model_metadata(model, "1")],
    "answers": [],
}
for version, outputs in (("", named), ("1", named), ("", None)):
    result = client.infer(model, [text], version, outputs=outputs, request_id="r-1")
    names = [output["name"] for output in result.get_response()["outputs"]]
    found["answers"].append({
        "id": result.get_response()["id"],
        "version": result.get_response()["model_version"],
        "outputs": {name: result.as_numpy(name).tolist() for name in names},
    })
try:
    client.infer("other", [text], outputs=named)
except InferenceServerException as refusal:
    found["refusal"] = [refusal.status(), refusal.message()]
print(json.dumps(found))
"""


def infer(api: Api, place: str = PLACES[0], texts: Any = TEXTS, **more: Any) -> dict[str, Any]:
    response = api.post(f"{place}/infer", json=request(texts, **more))
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def request(texts: Any = TEXTS, **more: Any) -> dict[str, Any]:
    tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    return {"inputs": [tensor]} | more


def test_a_client_that_others_wrote_gets_what_the_predictor_says(tmp_path: Path) -> None:
    service = service_of(settings_in(tmp_path), predictor())
    with listening(create_app(service)) as address:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CLIENT, address.removeprefix("http://"), MODEL, json.dumps(TEXTS)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["live"], found["ready"], found["model ready"]) == (True, True, [True, True, False])
    assert found["server"] == {"name": "newsdesk", "version": __version__, "extensions": []}
    assert [one["versions"] for one in found["model"]] == [["1"], ["1"]]
    said = [predictor().predict(text) for text in TEXTS]
    for answer in found["answers"]:
        assert (answer["id"], answer["version"]) == ("r-1", "1")
        assert answer["outputs"]["category"] == [one.category for one in said]
        for row, one in zip(answer["outputs"]["probabilities"], said, strict=True):
            expected = [one.probabilities[name] for name in predictor().classes]
            assert row == pytest.approx(expected, abs=1e-12)
    assert found["answers"][0]["outputs"]["classes"] == predictor().classes
    assert found["answers"][2]["outputs"]["confidence"] == pytest.approx([one.confidence for one in said])
    status, _ = found["refusal"]
    assert "404" in status


def test_the_server_tells_what_it_is_and_how_it_is(api: Api) -> None:
    assert api.get("/v2").json() == {"name": "newsdesk", "version": __version__, "extensions": []}
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
    assert shapes == {"category": ("BYTES", [2]), "confidence": ("FP64", [2]), "probabilities": ("FP64", [2, 5])}
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
    "an unknown field": request(**{MARK: 1}),
    "a list of parameters": request(parameters={"x": [1]}),
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


def test_a_failure_has_the_field_that_the_specification_wants(api: Api) -> None:
    assert isinstance(api.get("/v2/models/other").json()["error"], str)
