"""`make stack`: one command brings all up, what dies comes back, and one command leaves nothing behind."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg
import pytest

from deploy.local.ports import HOST, is_free
from deploy.local.programs import NEEDED
from tests.stack.local_stack import LocalStack, kill, local_stack, processes_in, run, started
from tests.stack.monitoring_servers import require
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(programs: Path, missing: Callable[[str], None]) -> Iterator[LocalStack]:
    require(missing, *NEEDED)
    with local_stack("--no-airflow", "--replicas", "2") as running:
        print(f"\n{(running.home / 'up.log').read_text(encoding='utf-8')}")
        yield running


@pytest.fixture(scope="module")
def digest(up: LocalStack) -> str:
    """Of the first model."""
    return up.digest()


@pytest.mark.usefixtures("digest")
def test_every_server_answers_where_the_table_says(up: LocalStack) -> None:
    said = json.loads(up.command("status", "--json"))
    assert [one["name"] for one in said if not one["works"]] == []
    assert {one["name"].partition("-")[0] for one in said} >= {"postgresql", "mlflow", "api", "nginx", "prometheus"}
    for server in said:
        assert f"{server['name']:22} {server['address']}" in (up.home / "up.log").read_text(encoding="utf-8")


def test_the_first_question_has_an_answer_through_the_proxy(up: LocalStack) -> None:
    answer = httpx.post(f"{up.api}/predict", json={"text": "Apple unveils a new chip for machine learning"}, timeout=30)
    assert (answer.status_code, answer.json()["prediction"]) == (200, "technology")


def test_predictions_reach_the_store_and_the_model_comes_from_mlflow(up: LocalStack) -> None:
    httpx.post(f"{up.api}/predict", json={"text": "The bank raised its profit forecast"}, timeout=30)
    registered = httpx.get(
        f"{up.stack.mlflow_address}/api/2.0/mlflow/registered-models/get",
        params={"name": "news-classifier"},
        timeout=30,
    )
    assert registered.json()["registered_model"]["aliases"][0]["alias"] == "champion"
    with psycopg.connect(up.stack.database("newsdesk"), autocommit=True) as connection:
        eventually(lambda: bool(connection.execute("SELECT 1 FROM predictions").fetchall()), "it is written")


def test_nobody_but_its_owner_connects_to_a_database(up: LocalStack) -> None:
    foreign = up.stack.database("mlflow", owner="newsdesk")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(foreign)


def test_passwords_stand_in_no_command_line_and_no_file_that_others_may_read(up: LocalStack) -> None:
    secrets = [*up.stack.passwords.postgresql.values(), up.stack.passwords.api_tokens]
    assert [line for line in processes_in(up.home) if any(secret in line for secret in secrets)] == []
    for file in ("stack.json", "supervisord.conf"):
        assert (up.home / file).stat().st_mode & 0o077 == 0
    for log in (up.home / "logs").glob("*"):
        assert not any(secret in log.read_text(encoding="utf-8", errors="replace") for secret in secrets), log.name


@pytest.mark.parametrize("name", ["mlflow", "nginx", "postgresql", "exporter"])
def test_a_server_that_is_killed_comes_back_with_all_it_had_started(up: LocalStack, name: str) -> None:
    before = up.supervisor.process(name)
    kill(before)
    eventually(lambda: up.supervisor.states()[name] == "RUNNING" and up.supervisor.process(name) != before, name)
    eventually(lambda: run("status", "--home", str(up.home)).returncode == 0, "all answer again", seconds=180)
    answer = httpx.post(f"{up.api}/predict", json={"text": "Apple unveils a new chip"}, timeout=30)
    assert answer.status_code == 200


def test_a_second_stack_in_the_same_folder_is_refused(up: LocalStack) -> None:
    second = run("up", "--home", str(up.home))
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert "runs already" in second.stderr


def test_a_port_that_is_taken_is_named(up: LocalStack) -> None:
    with TemporaryDirectory(prefix="newsdesk-") as home:  # as short a path as a socket in it needs
        up.stack.model_copy(update={"home": Path(home)}).save()
        refused = run("up", "--home", home, "--no-airflow")
    assert refused.returncode == 2
    assert re.search(r"Port \d+, for \w+, is in use\. Stop what listens there", refused.stderr)


def test_prometheus_reaches_every_target_and_alertmanager_and_reads_every_rule(up: LocalStack) -> None:
    eventually(lambda: {target["health"] for target in up.targets()} == {"up"}, "every target is up")
    jobs = sorted(target["labels"]["job"] for target in up.targets())
    assert jobs == [
        *("alertmanager", "mlflow", "newsdesk-api", "newsdesk-api", "newsdesk-exporter"),
        *("nginx", "node", "postgresql", "prometheus"),
    ]
    prometheus = f"http://{HOST}:{up.stack.ports.prometheus}/api/v1"
    managers = httpx.get(f"{prometheus}/alertmanagers", timeout=PATIENCE).json()["data"]["activeAlertmanagers"]
    assert [manager["url"] for manager in managers] == [f"http://{HOST}:{up.stack.ports.alertmanager}/api/v2/alerts"]
    assert {group["name"] for group in httpx.get(f"{prometheus}/rules", timeout=PATIENCE).json()["data"]["groups"]}
    # Prometheus, which at first did not know where to send it, sends it again after a minute.
    alerts = f"http://{HOST}:{up.stack.ports.alertmanager}/api/v2/alerts"
    eventually(lambda: "Watchdog" in httpx.get(alerts, timeout=PATIENCE).text, "the watchdog has arrived", seconds=90)


def test_one_command_stops_everything(up: LocalStack) -> None:
    stack = up.stack
    said = run("down", "--home", str(up.home))
    assert said.returncode == 0, said.stderr
    assert processes_in(up.home) == []
    up.process.wait(timeout=30)
    assert [port for port in (*stack.ports.model_dump().values(), *stack.replicas) if not is_free(port)] == []
    assert run("status", "--home", str(up.home)).returncode == 1


@pytest.mark.parametrize("killed", ["up", "supervisor"])
def test_the_next_start_finds_what_was_there_and_all_ends_where_its_keeper_is_killed(
    up: LocalStack, digest: str, killed: str
) -> None:
    run("down", "--home", str(up.home))
    before = up.stack.passwords
    with started(up.home, "--no-airflow", "--replicas", "1") as again:
        assert (again.stack.passwords, again.digest()) == (before, digest)
        kill(again.process.pid if killed == "up" else int((up.home / "supervisord.pid").read_text(encoding="ascii")))
        eventually(lambda: processes_in(up.home) == [], "nothing runs")
