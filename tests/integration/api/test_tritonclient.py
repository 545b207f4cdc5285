"""NVIDIA's client of the Open Inference Protocol, with its defaults and with all it can be asked for."""

import json
import subprocess
import sys
from typing import Any

import pytest

from newsdesk import __version__
from newsdesk.registry.version import MODEL
from newsdesk.serving.app import create_app
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, listening, predictor
from tests.serving import service_of

TEXTS = [HEADLINE, "Bank lifts interest rates after shares fall – für 3 €"]

# Its library bends the sockets of the process it runs in: it gets one of its own.
CLIENT = """
import asyncio, itertools, json, sys
import numpy as np
import tritonclient.http.aio as aio
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

address, model, texts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
NAMES = ("category", "probabilities", "classes")


def inputs(shape, **more):
    text = InferInput("text", shape, "BYTES")
    text.set_data_from_numpy(np.array(texts, dtype=object).reshape(shape), **more)
    return [text]


def outputs(**more):
    return [InferRequestedOutput(name, **more) for name in NAMES]


def plain(value):
    return value.decode() if isinstance(value, bytes) else value


def told(result):
    response = result.get_response()
    values = {output["name"]: result.as_numpy(output["name"]) for output in response["outputs"]}
    return {
        "id": response.get("id"),
        "version": response["model_version"],
        "shapes": {name: list(value.shape) for name, value in values.items()},
        "outputs": {name: [plain(one) for one in value.ravel().tolist()] for name, value in values.items()},
        "binary": [o["name"] for o in response["outputs"] if "binary_data_size" in o.get("parameters", {})],
    }


def refusal(call):
    try:
        call()
    except InferenceServerException as refused:
        return [refused.status(), refused.message()]


async def asynchronous():
    async with aio.InferenceServerClient(address) as client:
        packed = {"request_compression_algorithm": "deflate", "response_compression_algorithm": "gzip"}
        return [told(await client.infer(model, inputs([len(texts)]), **more)) for more in ({}, packed)]


client = InferenceServerClient(address)
default = inputs([len(texts)])
found = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model ready": [client.is_model_ready(model), client.is_model_ready(model, "1"), client.is_model_ready("other")],
    "server": client.get_server_metadata(),
    "model": [client.get_model_metadata(model), client.get_model_metadata(model, "1")],
    "default": told(client.infer(model, default)),
    "asynchronous": asyncio.run(asynchronous()),
    "JSON": told(client.infer(model, inputs([len(texts)], binary_data=False), outputs=outputs(binary_data=False))),
    "of a version": told(client.infer(model, default, "1", outputs=outputs(), request_id="r-1", priority=1)),
    "as a column": told(client.infer(model, inputs([len(texts), 1]), parameters={"trace": "yes"})),
    "half and half": told(
        client.infer(model, default, outputs=[InferRequestedOutput("category", False), InferRequestedOutput("classes")])
    ),
    "packed": [
        told(
            client.infer(
                model,
                inputs([len(texts)], binary_data=binary),
                outputs=outputs(binary_data=binary),
                request_compression_algorithm=request,
                response_compression_algorithm=response,
            )
        )
        for binary, request, response in itertools.product((True, False), *[(None, "gzip", "deflate")] * 2)
    ],
    "another model": refusal(lambda: client.infer("other", default)),
    "another output": refusal(lambda: client.infer(model, default, outputs=[InferRequestedOutput("score")])),
    "the best 3": refusal(lambda: client.infer(model, default, outputs=[InferRequestedOutput("category", True, 3)])),
}
texts = ["short"]
found["a short text"] = refusal(lambda: client.infer(model, inputs([1]), response_compression_algorithm="gzip"))
texts = json.loads(sys.argv[3]) * 2000
large = client.infer(
    model, inputs([len(texts)]), request_compression_algorithm="gzip", response_compression_algorithm="deflate"
)
found["many"] = [large.as_numpy("category").shape, plain(large.as_numpy("category")[-1])]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client was told by a real server."""
    service = service_of(settings_in(tmp_path_factory.mktemp("triton")), predictor())
    with listening(create_app(service)) as address:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CLIENT, address.removeprefix("http://"), MODEL, json.dumps(TEXTS)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def assert_right(answer: dict[str, Any]) -> None:
    said = [predictor().predict(text) for text in TEXTS]
    classes = predictor().classes
    values = {
        "category": [one.category for one in said],
        "confidence": pytest.approx([one.confidence for one in said], abs=1e-12),
        "probabilities": pytest.approx([one.probabilities[name] for one in said for name in classes], abs=1e-12),
        "classes": classes,
    }
    shapes = {"category": [2], "confidence": [2], "probabilities": [2, len(classes)], "classes": [len(classes)]}
    for name, value in answer["outputs"].items():
        assert value == values[name], name
        assert answer["shapes"][name] == shapes[name]


def test_its_questions_about_server_and_model_are_answered(found: dict[str, Any]) -> None:
    assert (found["live"], found["ready"], found["model ready"]) == (True, True, [True, True, False])
    assert found["server"] == {"name": "newsdesk", "version": __version__, "extensions": ["binary_tensor_data"]}
    assert [one["versions"] for one in found["model"]] == [["1"], ["1"]]


def test_with_its_defaults_it_gets_all_outputs_as_binary_data(found: dict[str, Any]) -> None:
    for answer in (found["default"], *found["asynchronous"], found["as a column"]):
        assert_right(answer)
        assert answer["binary"] == ["category", "confidence", "probabilities", "classes"]
        assert (answer["id"], answer["version"]) == (None, "1")


def test_it_gets_the_outputs_that_it_names_in_the_form_that_it_names(found: dict[str, Any]) -> None:
    for answer in (found["JSON"], found["of a version"], found["half and half"]):
        assert_right(answer)
    assert list(found["JSON"]["outputs"]) == list(found["of a version"]["outputs"])
    assert (found["JSON"]["binary"], found["half and half"]["binary"]) == ([], ["classes"])
    assert found["of a version"]["binary"] == ["category", "probabilities", "classes"]
    assert found["of a version"]["id"] == "r-1"


def test_it_may_compress_what_it_sends_and_have_compressed_what_it_gets(found: dict[str, Any]) -> None:
    assert len(found["packed"]) == 18
    for answer in found["packed"]:
        assert_right(answer)
    assert found["many"] == [[4000], predictor().predict(TEXTS[1]).category]


def test_it_shows_why_it_is_refused(found: dict[str, Any]) -> None:
    status, message = found["another model"]
    assert ("404" in status, message) == (True, f"The only model here is {MODEL}")
    for name, word in (("another output", "outputs.0.name"), ("the best 3", "classification")):
        status, message = found[name]
        assert "400" in status
        assert word in message
    assert found["a short text"][1].startswith("text 0: Text field is too short")
