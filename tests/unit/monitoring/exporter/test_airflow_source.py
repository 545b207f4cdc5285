import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from newsdesk.errors import ConfigError
from newsdesk.monitoring.exporter.airflow_api import AirflowApi, AirflowError
from newsdesk.monitoring.exporter.airflow_source import AirflowSource, open_airflow_source
from tests.builders import settings_in
from tests.unit.monitoring.exporter.airflow_server import PASSWORD, USER, AirflowServer, airflow_server, run_of, say
from tests.unit.monitoring.exporter.exposed import Values, exposed
from tests.unit.registry.loopback import say_without_end
from tests.waiting import PATIENCE

ENDED = run_of("success", "2026-03-04T12:00:00.250000Z", 12.5)
EARLIER = run_of("failed", "2026-03-04T11:00:00Z", 7.0)
RUNNING = run_of("running", None, None)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()


class Anything(BaseModel):
    """An answer of which nothing is read."""


@pytest.fixture
def server() -> Iterator[AirflowServer]:
    with airflow_server() as server:
        yield server


def api_of(address: str, password: str = PASSWORD) -> AirflowApi:
    return AirflowApi(address, USER, SecretStr(password))


def told(server: AirflowServer) -> Values:
    return exposed(AirflowSource(api_of(server.address)).read())


def test_a_component_that_never_ran_is_not_told_and_the_others_are(server: AirflowServer) -> None:
    assert told(server) == {
        ("airflow_component_healthy", "metadatabase"): 1,
        ("airflow_component_healthy", "scheduler"): 0,
        ("airflow_component_healthy", "dag_processor"): 1,
    }


def test_the_newest_run_of_a_dag_is_told(server: AirflowServer) -> None:
    server.runs["news_training"] = [ENDED, EARLIER]
    values = told(server)
    assert values["airflow_dag_last_run_timestamp_seconds", "news_training"] == NOON + 0.25
    assert values["airflow_dag_last_run_duration_seconds", "news_training"] == 12.5
    states = {key[2]: value for key, value in values.items() if key[0] == "airflow_dag_last_run_state"}
    assert states == {"queued": 0, "running": 0, "success": 1, "failed": 0}


def test_while_a_dag_runs_the_times_are_those_of_the_run_before(server: AirflowServer) -> None:
    server.runs["news_training"] = [RUNNING, ENDED]
    values = told(server)
    assert values["airflow_dag_last_run_state", "news_training", "running"] == 1
    assert values["airflow_dag_last_run_state", "news_training", "success"] == 0
    assert values["airflow_dag_last_run_timestamp_seconds", "news_training"] == NOON + 0.25


def test_of_a_first_run_only_the_state_is_told_and_of_a_dag_that_never_ran_nothing(server: AirflowServer) -> None:
    server.runs |= {"first": [RUNNING], "never": []}
    values = told(server)
    assert values["airflow_dag_last_run_state", "first", "running"] == 1
    assert {key[1] for key in values if key[0].startswith("airflow_dag")} == {"first"}
    assert not [key for key in values if "timestamp" in key[0]]


def test_a_name_that_might_be_anything_becomes_neither_label_nor_path(server: AirflowServer) -> None:
    server.runs |= {name: [ENDED] for name in ("a/../../x", "ümlaut", "new\nline", "x" * 101, 'a"b', "", "good.one-1")}
    dags = {key[1] for key in told(server) if key[0] == "airflow_dag_last_run_timestamp_seconds"}
    assert dags == {"good.one-1"}
    assert len([path for path in server.asked if "dagRuns" in path]) == 1


def test_no_more_than_a_hundred_dags_are_told(server: AirflowServer) -> None:
    server.runs |= {f"dag{number:03}": [ENDED] for number in range(120)}
    dags = [key for key in told(server) if key[0] == "airflow_dag_last_run_timestamp_seconds"]
    assert len(dags) == 100


def test_the_token_is_kept_and_asked_for_anew_once_it_has_expired(server: AirflowServer) -> None:
    airflow = AirflowSource(api_of(server.address))
    airflow.read()
    airflow.read()
    assert server.asked.count("/auth/token") == 1
    server.tokens.clear()
    assert exposed(airflow.read())["airflow_component_healthy", "metadatabase"] == 1
    assert server.asked.count("/auth/token") == 2


def test_a_path_and_a_slash_at_the_end_of_the_address_are_kept_and_dropped(server: AirflowServer) -> None:
    with pytest.raises(AirflowError):
        ask(f"{server.address}/airflow/")
    assert server.asked == ["/airflow/auth/token"]


def test_a_wrong_password_is_told_without_it(server: AirflowServer) -> None:
    with pytest.raises(AirflowError, match=r"refuses us \(401\)\. Correct AIRFLOW_API_USERNAME") as refusal:
        ask(server.address, password="another-secret")
    assert "another-secret" not in str(refusal.value)


def refusing(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], bool]:
    def disturb(request: BaseHTTPRequestHandler) -> bool:
        say(request, status, {"detail": "no"}, **headers)
        return True

    return disturb


@pytest.mark.parametrize(
    ("disturb", "message"),
    [
        (refusing(401), r"refuses us \(401\)"),
        (refusing(403), r"\(403\)\. Give the user role Viewer"),
        (refusing(500), "answers 500"),
        (refusing(302, Location="http://127.0.0.1:1/elsewhere"), "answers 302"),
    ],
)
def test_what_airflow_answers_instead_is_told(server: AirflowServer, disturb: Any, message: str) -> None:
    server.disturb = disturb
    with pytest.raises(AirflowError, match=message) as refusal:
        told(server)
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize("content", [[], {}, {"metadatabase": "fine"}, None])
def test_an_answer_of_another_shape_is_not_airflows(server: AirflowServer, content: Any) -> None:
    def disturb(request: BaseHTTPRequestHandler) -> bool:
        say(request, 200, content)
        return True

    server.disturb = disturb
    with pytest.raises(AirflowError, match="does not answer as Airflow 3 does"):
        told(server)


def test_an_answer_without_end_is_cut_off_by_its_size(server: AirflowServer) -> None:
    server.disturb = say_without_end(b" " * 2**16)
    with pytest.raises(AirflowError, match="does not answer"):
        ask(server.address)


def test_an_answer_that_trickles_is_cut_off_by_the_clock(server: AirflowServer) -> None:
    server.disturb = say_without_end(b" ", pause=lambda: time.sleep(0.05))
    with pytest.raises(AirflowError, match="does not answer"):
        ask(server.address, seconds=0.5)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://name:word@127.0.0.1", "http://[::1"]
)
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ConfigError, match="AIRFLOW_API_URL is not an address") as refusal:
        api_of(address)
    assert "word@" not in str(refusal.value)


def test_without_an_address_there_is_no_airflow(tmp_path: Path) -> None:
    assert open_airflow_source(settings_in(tmp_path)) is None


@pytest.mark.parametrize("half", [{}, {"AIRFLOW_API_USERNAME": USER}, {"AIRFLOW_API_PASSWORD": PASSWORD}])
def test_an_address_without_a_login_is_refused(tmp_path: Path, half: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="AIRFLOW_API_USERNAME and AIRFLOW_API_PASSWORD"):
        open_airflow_source(settings_in(tmp_path, AIRFLOW_API_URL="http://127.0.0.1:8080", **half))


def test_the_airflow_of_the_settings_is_asked(tmp_path: Path, server: AirflowServer) -> None:
    login = {"AIRFLOW_API_USERNAME": USER, "AIRFLOW_API_PASSWORD": PASSWORD}
    airflow = open_airflow_source(settings_in(tmp_path, AIRFLOW_API_URL=server.address, **login))
    assert airflow
    assert exposed(airflow.read())["airflow_component_healthy", "metadatabase"] == 1


def ask(address: str, password: str = PASSWORD, seconds: float = PATIENCE) -> None:
    api_of(address, password).get("monitor/health", {}, Anything, time.monotonic() + seconds)
