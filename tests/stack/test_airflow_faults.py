"""What goes wrong while pipelines run: it ends right or fails clearly, a rerun converges, nothing is promoted twice."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders import sample_rows, write_csv
from tests.stack.pipelines import DONE, NEWSDESK, PREPROCESSING, TRAINING, Pipelines, pipelines, processes, until
from tests.stack.webhook import Webhook, webhook
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack

# What these tests kill is a process of its own; the rest is forked from one that is loaded.
COMMAND = """#!/bin/sh
case "$1" in
    train|evaluate|smoke-test) exec '{newsdesk}' "$@" ;;
    *) exec '{warm}' "$@" ;;
esac
"""

# Two DAGs that wait for a server that is not there: the run of one is late after a second and ended after fifteen, the
# task of the other is ended after five.
LATE = """
from datetime import timedelta

from airflow.sdk import dag, task
from newsdesk_dags import announce, config
from newsdesk_dags.command import newsdesk


@task(multiple_outputs=False)
def wait():
    return newsdesk("smoke-test", "--url", "http://127.0.0.1:9", "--patience", "600")


@dag(
    schedule=None,
    deadline=config.deadline(timedelta(seconds=1)),
    dagrun_timeout=timedelta(seconds=15),
    on_failure_callback=announce.timed_out,
)
def late():
    wait()


@dag(schedule=None, default_args=config.task_defaults(timedelta(seconds=5)) | {"retries": 0})
def slow():
    wait()


late()
slow()
"""


@pytest.fixture(scope="module")
def heard() -> Iterator[Webhook]:
    with webhook() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def found(programs: Path, tmp_path_factory: pytest.TempPathFactory, heard: Webhook) -> Iterator[Pipelines]:
    """Everything, with a champion from a first table."""
    folder = tmp_path_factory.mktemp("faults")
    command = folder / "command"
    command.write_text(COMMAND.format(newsdesk=NEWSDESK, warm=warm_newsdesk()), encoding="utf-8")
    command.chmod(0o755)
    more = {"NEWSDESK_WEBHOOK_URL": heard.address, "NEWSDESK_COMMAND": str(command)}
    with pipelines(programs, folder, LATE, **more) as running:
        write_csv(running.inbox / "first.csv", sample_rows(10))
        assert running.wait(PREPROCESSING, running.trigger(PREPROCESSING)) == "success"
        until(lambda: list(running.runs(TRAINING).values()) == ["success"], "the first champion is in charge")
        yield running
        nothing_was_promoted_twice(running)


def test_a_command_that_is_killed_is_run_again(found: Pipelines) -> None:
    run = found.trigger(TRAINING, candidates=["naive_bayes"])
    killed = kill_one(lambda: commands(found, "train"))
    assert found.wait(TRAINING, run) == "success"
    task = found.tasks(TRAINING, run)["train[0]"]
    assert task["try_number"] == 2
    print(f"\nkilled command {killed}: done at the second try, after {task['duration']:.1f} s")


def test_a_task_that_is_killed_takes_its_command_along_and_is_run_again(found: Pipelines) -> None:
    run = found.trigger(TRAINING, candidates=["naive_bayes"], tuning_budget=1)
    found.wait_for_task(TRAINING, run, "evaluate")
    command = one(lambda: commands(found, "evaluate"))
    os.kill(parent(command), signal.SIGKILL)
    until(lambda: command not in commands(found, "evaluate"), "its command is gone, too", 10)
    assert found.wait(TRAINING, run) == "success"
    assert found.tasks(TRAINING, run)["evaluate"]["try_number"] == 2


def test_a_run_goes_on_when_the_scheduler_is_back(found: Pipelines) -> None:
    run = found.trigger(TRAINING, candidates=["logistic_regression"])
    found.wait_for_task(TRAINING, run, "train[0]")
    found.components["scheduler"].kill()
    until(lambda: commands(found, "train") == [], "its commands are gone, too", 10)
    found.components["scheduler"].start()
    begun = time.monotonic()
    assert found.wait(TRAINING, run) == "success"
    print(f"\nscheduler killed and started: the run was done {time.monotonic() - begun:.0f} s later")


def test_a_run_waits_for_a_registry_that_is_away(found: Pipelines) -> None:
    run = found.trigger(TRAINING, candidates=["logistic_regression"], tuning_budget=1)
    found.wait_for_task(TRAINING, run, "train[0]")
    found.mlflow.stop()
    until(lambda: found.tasks(TRAINING, run)["evaluate"]["try_number"] > 1, "evaluating was tried in vain")
    found.mlflow.start()
    assert found.wait(TRAINING, run) == "success"
    print(f"\nMLflow away: evaluated at try {found.tasks(TRAINING, run)['evaluate']['try_number']}")


def test_a_poisoned_table_is_announced_and_trains_nothing(found: Pipelines, heard: Webhook) -> None:
    rows = [{"id": n, "title": "", "text": "\x00", "category": ""} for n in range(200)]
    write_csv(found.inbox / "poisoned.csv", rows)
    before, told = found.runs(TRAINING), len(heard.received)
    run = found.trigger(PREPROCESSING)
    assert found.wait(PREPROCESSING, run) == "success"
    states = found.states(PREPROCESSING, run)
    assert (states["prepare"], states["publish"]) == ("skipped", "skipped")
    assert found.runs(TRAINING) == before
    assert [body["alertname"] for _, body in heard.received[told:]] == ["DataRefused"]


def test_a_run_that_is_done_again_promotes_nothing_again(found: Pipelines) -> None:
    run, promoted = newest(found, TRAINING), len(found.ledger())
    verdict = found.xcom(TRAINING, run, "promote")
    found.clear(TRAINING, run)
    assert found.wait(TRAINING, run) == "success"
    assert found.xcom(TRAINING, run, "promote") == verdict
    assert len(found.ledger()) == promoted


def test_what_cannot_pass_fails_at_once_and_is_announced(found: Pipelines, heard: Webhook) -> None:
    told = len(heard.received)
    run = found.trigger(TRAINING, dataset="no-such-dataset")
    assert found.wait(TRAINING, run) == "failed"
    assert found.tasks(TRAINING, run)["plan"]["try_number"] == 1
    until(lambda: len(heard.received) > told, "the failure is announced", 30)
    said = heard.received[-1][1]
    assert (said["alertname"], said["run"]) == ("PipelineFailed", run)
    assert "no-such-dataset" in said["description"]


def test_a_run_that_is_late_is_announced_without_a_triggerer_and_in_the_end_ended_with_its_command(
    found: Pipelines, heard: Webhook
) -> None:
    found.unpause("late")
    run = found.trigger("late")
    one(lambda: commands(found, "smoke-test"))
    until(lambda: told(heard, run) == {"PipelineLate", "PipelineFailed"}, "both are announced", 120)
    assert found.wait("late", run) == "failed"
    until(lambda: commands(found, "smoke-test") == [], "the command is gone", 90)


def test_a_task_that_takes_too_long_is_ended_with_its_command(found: Pipelines, heard: Webhook) -> None:
    found.unpause("slow")
    run = found.trigger("slow")
    one(lambda: commands(found, "smoke-test"))
    assert found.wait("slow", run) == "failed"
    assert commands(found, "smoke-test") == []
    until(lambda: told(heard, run) == {"PipelineFailed"}, "it is announced", 60)


def test_a_run_survives_a_restart_of_the_database(found: Pipelines) -> None:
    write_csv(found.inbox / "second.csv", sample_rows(40))
    before, run = found.runs(TRAINING), found.trigger(PREPROCESSING)
    found.wait_for_task(PREPROCESSING, run, "ingest")
    found.database.stop()
    time.sleep(3)
    found.database.start()
    if wait_and_revive(found, run) == "failed":  # clearly, and done again it converges
        found.clear(PREPROCESSING, run)
        assert wait_and_revive(found, run) == "success"
    training = found.new_run(TRAINING, before)
    assert found.wait(TRAINING, training) == "success"


def told(heard: Webhook, run: str) -> set[str]:
    """What was announced of a run."""
    return {body["alertname"] for _, body in list(heard.received) if body["run"] == run}


def nothing_was_promoted_twice(found: Pipelines) -> None:
    """Of no plan: a later plan may well bring back a version that served before."""
    promoted = [entry.evidence["plan"] for entry in found.ledger() if entry.decision == "promoted"]
    assert promoted
    assert len(promoted) == len(set(promoted))
    print(f"\nledger, {datetime.now(UTC):%H:%M}: {[(entry.decision, entry.to_version) for entry in found.ledger()]}")


def newest(found: Pipelines, dag_id: str) -> str:
    """The newest run that went well."""
    return [run for run, state in found.runs(dag_id).items() if state == "success"][-1]


def wait_and_revive(found: Pipelines, run: str) -> str:
    """Wait for a run, and start again what ended because its database was away, as whatever keeps processes does."""

    def is_done() -> bool:
        for name, component in found.components.items():
            if component.has_ended:
                print(f"\n{name} ended, and is started again")
                component.start()
        return found.runs(PREPROCESSING)[run] in DONE

    until(is_done, "the run is done")
    return found.runs(PREPROCESSING)[run]


def commands(found: Pipelines, name: str) -> list[int]:
    """Processes that run this command of newsdesk for these pipelines."""
    ours = str(found.settings.home).encode()
    return [process for process, line, environment in processes() if is_command(line, name) and ours in environment]


def is_command(line: bytes, name: str) -> bool:
    words = line.split(b"\0")
    return name.encode() in words and any(word.endswith(b"/newsdesk") for word in words) and b"--json" in words


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def one(find: Callable[[], list[int]]) -> int:
    """The first process that is found; there may be none at first."""
    until(lambda: bool(find()), "there is such a process", 120)
    return find()[0]


def kill_one(find: Callable[[], list[int]]) -> int:
    process = one(find)
    os.kill(process, signal.SIGKILL)
    return process
