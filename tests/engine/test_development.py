"""compose.yaml on a real engine: the quick start line by line, and the whole loop by Airflow."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import sample_rows, write_csv
from tests.engine.asking import QUESTION
from tests.engine.engine import ROOT, Engine, Stack
from tests.stack.servers import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.engine

PORTS = ("API_PORT", "AIRFLOW_PORT", "MLFLOW_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "GRAFANA_PORT")
PAGES = [("API_PORT", "/docs"), *((port, "/") for port in PORTS[1:5])]
LONGEST = 600  # seconds that a pipeline may take with the configuration as shipped


@pytest.fixture(scope="module")
def inbox(folder: Path) -> Path:
    made = folder / "inbox"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def backups(folder: Path) -> Path:
    """A folder outside of all volumes, which the user in the containers may write."""
    made = folder / "backups"
    made.mkdir()
    made.chmod(0o777)
    return made


@pytest.fixture(scope="module")
def stack(engine: Engine, inbox: Path, backups: Path) -> Iterator[Stack]:
    """All of development but Grafana, whose image cannot be had everywhere; with a copy of .env.example."""
    variables = {name: str(free_port()) for name in PORTS} | {
        "COMPOSE_PROJECT_NAME": "newsdesk-test",
        "NEWSDESK_INBOX": str(inbox),
        "NEWSDESK_BACKUPS": str(backups),
        "API_WORKERS": "1",
    }
    running = Stack(engine, ("compose.yaml",), variables, env_file=str(ROOT / ".env.example"))
    begun = time.monotonic()
    try:
        running.up("grafana")
        print(f"\neverything but Grafana is healthy after {time.monotonic() - begun:.0f} s")
        yield running
    finally:
        running.down()


def at(stack: Stack, port: str, path: str = "/") -> str:
    return f"http://127.0.0.1:{stack.variables[port]}{path}"


def curl(*arguments: str) -> Any:
    done = subprocess.run(["curl", "--silent", *arguments], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_every_service_is_healthy_or_has_ended_well(stack: Stack) -> None:
    for service, told in stack.containers().items():
        state = told["State"]
        assert state["Status"] == "running" or state["ExitCode"] == 0, service
        assert state.get("Health", {}).get("Status", "healthy") == "healthy", service


@pytest.mark.parametrize(("port", "path"), PAGES)
def test_the_pages_of_the_quick_start_answer(stack: Stack, port: str, path: str) -> None:
    assert httpx.get(at(stack, port, path), follow_redirects=True, timeout=30).status_code == 200


def test_every_target_of_prometheus_is_up(stack: Stack) -> None:
    def all_up() -> bool:
        answer = httpx.get(at(stack, "PROMETHEUS_PORT", "/api/v1/targets"), timeout=30).json()["data"]["activeTargets"]
        return len(answer) >= 8 and {target["health"] for target in answer} == {"up"}

    eventually(all_up, "every target is up")


def test_airflow_trains_promotes_and_the_api_swaps_twice(stack: Stack, inbox: Path) -> None:
    """From no model at all to the first one, and from that one to a better one; each is asked by the smoke test."""
    seen = {served(stack)}
    assert seen == {None}
    for name, per_category in (("monday.csv", 20), ("tuesday.csv", 200)):
        begun = time.monotonic()
        write_csv(inbox / name, sample_rows(per_category)).chmod(0o644)
        airflow(stack, "dags", "trigger", "data_preprocessing_pipeline")
        eventually(lambda: served(stack) not in seen, f"the model of {name} is served", LONGEST)
        print(f"\n{name}: {served(stack)} is served after {time.monotonic() - begun:.0f} s")
        seen.add(served(stack))
        eventually(lambda: set(trainings(stack)) == {"success"}, "the smoke test has passed", LONGEST)


def test_the_first_health_check_and_the_first_prediction(stack: Stack) -> None:
    assert curl(at(stack, "API_PORT", "/health"))["status"] == "healthy"
    answer = curl(
        *("-X", "POST", at(stack, "API_PORT", "/predict"), "-H", "Content-Type: application/json"),
        *("-d", json.dumps(QUESTION)),
    )
    assert answer["prediction"] == "technology"


def test_a_backup_comes_back_after_every_volume_is_gone(stack: Stack) -> None:
    """The databases of MLflow and Airflow, and the artifacts that MLflow keeps, are in it, too."""
    before, runs = served(stack), trainings(stack)
    made = json.loads(stack.maintenance("backup", "--json"))
    assert made["warnings"] == []
    stack.down()

    stack.maintenance("restore", made["archive"])
    stack.up("grafana")

    eventually(lambda: served(stack) == before, "the same model is served")
    stack.maintenance("smoke-test", "--url", "http://nginx:8000")
    stack.maintenance("models", "rollback", "--reason", "to see whether older bundles are there, too")
    eventually(lambda: served(stack) not in (before, None), "the version before is served")
    assert trainings(stack) == runs


def test_no_process_names_a_password(stack: Stack) -> None:
    for service, told in stack.containers().items():
        if told["State"]["Status"] == "running":
            shown = stack.engine.run("docker", "top", told["Id"], "-eo", "pid,args")
            assert ":airflow@" not in shown, service
            assert ":mlflow@" not in shown, service
            assert ":newsdesk@" not in shown, service


def served(stack: Stack) -> str | None:
    """The digest of the model that answers; None where there is none."""
    answer = httpx.get(at(stack, "API_PORT", "/model/info"), timeout=30)
    return str(answer.json()["digest"]) if answer.status_code == 200 else None


def airflow(stack: Stack, *arguments: str) -> str:
    return stack.compose("exec", "-T", "airflow-scheduler", "airflow", *arguments)


def trainings(stack: Stack) -> list[str]:
    """The states of the trainings that Airflow knows."""
    told = airflow(stack, "dags", "list-runs", "model_training_pipeline", "--output", "json")
    return [str(run["state"]) for run in json.loads(told.splitlines()[-1])]  # lines of its log come first
