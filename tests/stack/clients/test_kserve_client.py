"""KServe's own client, `InferenceRESTClient`, against a real server."""

from typing import Any

import pytest

from newsdesk.registry.version import MODEL
from tests.stack.clients.conftest import Ask
from tests.stack.clients.expected import TEXTS, expected

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def found(ask: Ask) -> dict[str, Any]:
    return ask("kserve", "kserve_client.py", TEXTS)


def test_its_questions_about_the_server_are_answered(found: dict[str, Any]) -> None:
    assert (found["live"], found["ready"], found["model ready"]) == (True, True, [True, False])


def test_however_it_sends_texts_it_gets_their_predictions(found: dict[str, Any]) -> None:
    answers = dict(found["answers"])
    assert answers.pop("outputs by name")["outputs"] == expected("category", "probabilities")
    assert len(answers) == 6
    for name, answer in answers.items():
        assert answer["model"] == MODEL
        assert answer["outputs"] == expected(), name


def test_its_ids_come_back(found: dict[str, Any]) -> None:
    assert found["answers"]["a list with an id"]["id"] == "r-1"
    assert found["answers"]["a dictionary"]["id"] is None


def test_a_thousand_texts_come_back_in_order(found: dict[str, Any]) -> None:
    assert found["many"] == expected()["category"] * 500


def test_it_shows_why_it_is_refused(found: dict[str, Any]) -> None:
    for name in ("a short text", "a short text in an array"):
        assert found["refusals"][name].startswith("text 0: Text field is too short")
    assert found["refusals"]["another model"].startswith(f"The only model here is {MODEL}")
