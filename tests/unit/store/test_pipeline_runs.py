from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsdesk.store.pipeline_runs import PipelineRun, count_runs, newest_run, record_run
from tests.unit.store.rows import NOON, store_in

RUN = PipelineRun("run", NOON, NOON + timedelta(minutes=2), "succeeded", {"read": 12, "kept": 10}, {"version": "3"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def later(run: PipelineRun, minutes: int) -> PipelineRun:
    return replace(run, ended_at=run.ended_at + timedelta(minutes=minutes))


def test_a_pipeline_that_never_ended_has_no_newest_run(store: Engine) -> None:
    assert newest_run(store, "run") is None
    assert count_runs(store) == {}


def test_a_run_is_read_as_it_was_recorded(store: Engine) -> None:
    record_run(store, RUN)
    assert newest_run(store, "run") == RUN


def test_a_run_may_have_nothing_to_tell(store: Engine) -> None:
    run = PipelineRun("monitor", NOON, NOON, "skipped")
    record_run(store, run)
    assert newest_run(store, "monitor") == run


def test_the_newest_run_is_the_one_that_ended_last_in_whatever_order_they_were_recorded(store: Engine) -> None:
    for minutes in (5, 9, 7):
        record_run(store, later(RUN, minutes))
    assert newest_run(store, "run") == later(RUN, 9)


def test_of_runs_that_ended_at_once_the_newest_is_the_one_recorded_last(store: Engine) -> None:
    record_run(store, RUN)
    record_run(store, replace(RUN, status="failed"))
    newest = newest_run(store, "run")
    assert newest is not None
    assert newest.status == "failed"


def test_the_newest_of_some_statuses_is_found_behind_newer_ones(store: Engine) -> None:
    record_run(store, RUN)
    record_run(store, replace(later(RUN, 1), status="kept"))
    record_run(store, replace(later(RUN, 2), status="failed"))
    newest = newest_run(store, "run", "succeeded", "kept")
    assert newest is not None
    assert newest.status == "kept"
    assert newest_run(store, "run", "refused") is None


def test_pipelines_do_not_see_each_others_runs(store: Engine) -> None:
    record_run(store, RUN)
    assert newest_run(store, "retrain") is None


def test_runs_are_counted_by_pipeline_and_status(store: Engine) -> None:
    for run in (RUN, later(RUN, 1), replace(RUN, status="failed"), replace(RUN, pipeline="retrain")):
        record_run(store, run)
    assert count_runs(store) == {("run", "succeeded"): 2, ("run", "failed"): 1, ("retrain", "succeeded"): 1}


def test_a_moment_of_another_zone_stays_the_same_moment(store: Engine) -> None:
    record_run(store, replace(RUN, ended_at=RUN.ended_at.astimezone(timezone(timedelta(hours=5)))))
    assert newest_run(store, "run") == RUN
