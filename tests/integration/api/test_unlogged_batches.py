"""`log: false`: the same answers, and no trace of them among what counts as production."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import sample_texts
from tests.integration.api.builders import HEADLINE, Api, code_of, rows_of, running

TEXTS = sample_texts(3)[0]


def as_json(api: Api, texts: list[str], *, log: bool) -> list[dict[str, Any]]:
    body = {"texts": texts, "threshold": 0.5} | ({} if log else {"log": False})
    found: list[dict[str, Any]] = api.post("/predict/batch", json=body).json()["predictions"]
    return found


def as_lines(api: Api, texts: list[str], *, log: bool) -> list[dict[str, Any]]:
    content = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    query = {"threshold": "0.5"} | ({} if log else {"log": "false"})
    headers = {"Content-Type": "application/x-ndjson"}
    answer = api.post("/predict/batch", content=content, params=query, headers=headers)
    return [json.loads(line) for line in answer.content.splitlines()]


def series(api: Api) -> dict[str, float]:
    """All series about predictions and texts, not about requests."""
    api.service.metrics.batch.flush()
    return {
        f"{sample.name} {sorted(sample.labels.items())}": sample.value
        for metric in api.service.metrics.registry.collect()
        if not metric.name.startswith(("api_", "process_", "python_"))
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


@pytest.mark.parametrize("ask", [as_json, as_lines])
def test_answers_are_the_same_and_nothing_counts_them(tmp_path: Path, ask: Any) -> None:
    with running(tmp_path) as api:
        before = series(api)
        quiet = ask(api, TEXTS, log=False)
        assert series(api) == before
        assert api.get("/health").json()["last_prediction"] is None
        told = ask(api, TEXTS, log=True)
        assert series(api) != before
    assert {answer["prediction_id"] for answer in quiet} == {None}
    assert [answer | {"prediction_id": None} for answer in told] == quiet
    kept = {row["id"].replace("-", "") for row in rows_of(api.settings, "predictions")}
    assert kept == {answer["prediction_id"].replace("-", "") for answer in told}


def test_the_challenger_in_the_shadow_sees_nothing_of_it(tmp_path: Path) -> None:
    with running(tmp_path, EXPERIMENT_MODE="shadow") as api:
        api.service.models.challenger = api.service.models.champion
        assert len(as_json(api, TEXTS, log=False)) == len(TEXTS)
    assert not (api.settings.home / "newsdesk.db").exists()
    assert not list(api.settings.spool.glob("*"))


@pytest.mark.parametrize("value", ["false", 0, None, [False]])
def test_log_is_a_truth_value(api: Api, value: Any) -> None:
    refused = api.post("/predict/batch", json={"texts": [HEADLINE], "log": value})
    assert (refused.status_code, code_of(refused)) == (400, "invalid_input")


def test_log_in_a_query_is_a_truth_value(api: Api) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    content = json.dumps({"text": HEADLINE}).encode()
    refused = api.post("/predict/batch?log=perhaps", content=content, headers=headers)
    assert (refused.status_code, code_of(refused)) == (400, "invalid_input")
