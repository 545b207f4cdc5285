"""A real Airflow for tests, in the environment that `make airflow` uses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.airflow.component import Component, running
from deploy.airflow.installation import airflow_program
from deploy.airflow.settings import Airflow
from tests.stack.servers import free_port
from tests.waiting import eventually

USER, PASSWORD = "watcher", "not-to-be-shown"
SECRET = "for tests alone " * 5


def airflow_in(home: Path, dag: str) -> Airflow:
    """A new Airflow on SQLite with one DAG file, nothing of it started, and one user who may only look."""
    dags = home / "dags"
    dags.mkdir(parents=True)
    (dags / "tests.py").write_text(dag, encoding="utf-8")
    airflow = Airflow(airflow_program(), home, free_port(), SECRET, USER, "viewer", dags)
    airflow.passwords.write_text(json.dumps({USER: PASSWORD}), encoding="utf-8")
    airflow.run("db", "migrate")
    airflow.run("dags", "reserialize")
    return airflow


@contextmanager
def api_server(airflow: Airflow) -> Iterator[None]:
    """Its REST API, answering."""
    with running(airflow, "api-server") as components:
        eventually(lambda: _answers(airflow, components["api-server"]), "Airflow answers")
        yield


def _answers(airflow: Airflow, process: Component) -> bool:
    assert not process.has_ended, process.log.read_text(encoding="utf-8")
    try:
        return httpx.get(f"{airflow.address}/api/v2/monitor/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
