"""MLServer's types and codecs, on the client's side, against a real server."""

from typing import Any

import pytest

from newsdesk import __version__
from newsdesk.registry.version import MODEL
from tests.stack.clients.conftest import Ask
from tests.stack.clients.expected import TEXTS, expected

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def found(ask: Ask) -> dict[str, Any]:
    return ask("mlserver", "mlserver_codecs.py", TEXTS)


def test_what_server_and_model_say_fits_its_types(found: dict[str, Any]) -> None:
    assert found["server"] == {"name": "newsdesk", "version": __version__, "extensions": ["binary_tensor_data"]}
    assert (found["model"]["name"], found["model"]["versions"]) == (MODEL, ["7"])
    assert [output["name"] for output in found["model"]["outputs"]] == list(expected())


def test_what_its_codecs_for_texts_encode_is_predicted(found: dict[str, Any]) -> None:
    answers = dict(found["answers"])
    assert answers.pop("named outputs") == expected("category", "probabilities")
    assert len(answers) == 3
    for name, answer in answers.items():
        assert answer == expected(), name
    assert found["one output"] == expected()["category"]


def test_a_data_frame_of_texts_gets_a_data_frame_of_answers(found: dict[str, Any]) -> None:
    assert found["PandasCodec"] == expected("category", "confidence")


def test_what_would_have_to_be_decoded_first_is_refused_with_a_sentence(found: dict[str, Any]) -> None:
    refusals = found["refusals"]
    assert {status for status, _ in refusals.values()} == {400}
    for name in ("base64", "datetime", "numpy", "objects in a column"):
        assert "content_type must be str" in refusals[name][1]
    assert refusals["numpy as a whole"][1].startswith("inputs.0.")
    assert refusals["two columns"][1].startswith("inputs")
    assert refusals["a short text"][1].startswith("text 0: Text field is too short")
