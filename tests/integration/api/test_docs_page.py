"""What /docs shows: requests grouped by task, and answers as they come."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sklearn.linear_model import LogisticRegression

from newsdesk.model.predictor import Predictor
from newsdesk.serving import batch_schemas, feedback_schemas, schemas
from newsdesk.serving.api_examples import ANSWERS, LINES, OTHERS, TASKS
from tests.builders import fitted_bundle, settings_in
from tests.serving import app_of, call


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("docs")
    answer = call(app_of(settings_in(folder), Predictor(fitted_bundle(LogisticRegression()))), "GET", "/openapi.json")
    return dict(answer.json())


def operations(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, one) for path, methods in described["paths"].items() for one in methods.values()]


def test_every_request_stands_under_one_task(described: dict[str, Any]) -> None:
    assert [tag["name"] for tag in described["tags"]] == [*TASKS, OTHERS]
    for path, operation in operations(described):
        (tag,) = operation["tags"]
        assert (tag == OTHERS) == path.startswith("/v2"), path


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_shown_is_one_that_may_come(name: str) -> None:
    rooms = (schemas, batch_schemas, feedback_schemas)
    model: type[BaseModel] = next(getattr(room, name) for room in rooms if hasattr(room, name))
    model.model_validate(ANSWERS[name], extra="forbid")
    assert set(ANSWERS[name]) == set(model.model_fields), "all of its fields are shown"


def test_no_answer_is_shown_with_made_up_names(described: dict[str, Any]) -> None:
    known = described["components"]["schemas"]
    for path, operation in operations(described):
        if path.startswith("/v2"):
            continue
        schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        answer = known.get(schema.get("$ref", "").rpartition("/")[2], {})
        free = [name for name, field in answer.get("properties", {}).items() if "additionalProperties" in field]
        assert not free or answer["examples"], f"{path}: {free}"


def test_json_lines_are_shown_both_ways(described: dict[str, Any]) -> None:
    batch = described["paths"]["/predict/batch"]["post"]
    asked = batch["requestBody"]["content"]["application/x-ndjson"]["example"]
    answered = batch["responses"]["200"]["content"]["application/x-ndjson"]["example"]
    assert (asked, answered) == LINES
    assert all(json.loads(line) for line in (asked + answered).splitlines())
