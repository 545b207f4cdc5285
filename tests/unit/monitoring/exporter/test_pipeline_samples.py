from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsdesk.monitoring.exporter.pipeline_samples import pipeline_samples
from newsdesk.store.ledger import LedgerEntry, append, count_decisions
from newsdesk.store.pipeline_runs import PipelineRun, record_run
from tests.unit.monitoring.exporter.exposed import exposed
from tests.unit.store.rows import NOON, store_in

RUN = PipelineRun("run", NOON, NOON + timedelta(seconds=90), "kept", {"read": 12, "kept": 9, "quarantined": 3})
ENTRY = LedgerEntry(NOON, "a tester", "promote", "promoted", None, "1", "sha256:ab", "good enough", {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def test_a_new_store_tells_nothing(store: Engine) -> None:
    assert pipeline_samples(store) == []


def test_the_newest_run_is_told_with_its_time_status_and_rows(store: Engine) -> None:
    record_run(store, replace(RUN, ended_at=NOON, status="succeeded", rows={"read": 1}))
    record_run(store, RUN)
    values = exposed(pipeline_samples(store))
    assert values["pipeline_last_run_timestamp_seconds", "run"] == RUN.ended_at.timestamp()
    assert values["pipeline_last_run_duration_seconds", "run"] == 90
    rows = {key[2]: value for key, value in values.items() if key[0] == "pipeline_last_run_rows"}
    assert rows == {"read": 12, "kept": 9, "quarantined": 3}
    states = {key[2]: value for key, value in values.items() if key[0] == "pipeline_last_run_status"}
    assert states == {"succeeded": 0, "kept": 1, "refused": 0, "waiting": 0, "skipped": 0, "failed": 0}


def test_runs_are_counted_by_how_they_ended(store: Engine) -> None:
    for status in ("kept", "failed", "failed"):
        record_run(store, replace(RUN, pipeline="retrain", status=status))
    values = exposed(pipeline_samples(store))
    assert {key[1:]: value for key, value in values.items() if key[0] == "pipeline_runs_total"} == {
        ("retrain", "kept"): 1,
        ("retrain", "failed"): 2,
    }


@pytest.mark.parametrize("status", ["succeeded", "kept", "refused", "waiting", "skipped"])
def test_the_last_success_is_the_newest_run_that_did_not_fail(store: Engine, status: str) -> None:
    good = replace(RUN, pipeline="monitor", status=status)
    record_run(store, good)
    record_run(store, replace(good, ended_at=good.ended_at + timedelta(hours=1), status="failed"))
    values = exposed(pipeline_samples(store))
    assert values["pipeline_last_success_timestamp_seconds", "monitor"] == good.ended_at.timestamp()
    assert values["pipeline_last_run_timestamp_seconds", "monitor"] == good.ended_at.timestamp() + 3600


def test_a_pipeline_that_always_failed_has_no_last_success(store: Engine) -> None:
    record_run(store, replace(RUN, status="failed"))
    assert not [key for key in exposed(pipeline_samples(store)) if key[0].startswith("pipeline_last_success")]


def test_decisions_of_the_ledger_are_counted(store: Engine) -> None:
    for decision in ("promoted", "refused", "promoted"):
        append(store, replace(ENTRY, decision=decision))
    assert count_decisions(store) == {"promoted": 2, "refused": 1}
    values = exposed(pipeline_samples(store))
    assert values["model_decisions_total", "promoted"] == 2
    assert values["model_decisions_total", "refused"] == 1


def test_a_decision_waits_until_one_that_answers_it(store: Engine) -> None:
    waits = {"promoted": 0, "waiting": 1, "registered": 1, "refused": 1, "kept": 0}
    for decision, expected in waits.items():
        append(store, replace(ENTRY, decision=decision))
        assert exposed(pipeline_samples(store))["model_decision_waiting",] == expected
