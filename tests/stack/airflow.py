"""A real Airflow for tests, in the environment that `make airflow` uses."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.airflow.component import Component, running
from deploy.airflow.installation import airflow_program
from deploy.airflow.settings import Airflow
from tests.stack.servers import free_port
from tests.waiting import eventually

USER, PASSWORD = "watcher", "not-to-be-shown"
SECRET = "for tests alone " * 5
SCRIPTS = Path(__file__).parent / "in_airflow"


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


@dataclass(frozen=True)
class WarmAirflow:
    """Scripts of `in_airflow/`, each run in a fork of a process in which Airflow is loaded."""

    airflow: Airflow
    process: "subprocess.Popen[str]"

    def run(self, script: str, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run one to its end, with more in its environment."""
        assert self.process.stdin
        assert self.process.stdout
        files = {name: self.airflow.home / f"{script}.{name}" for name in ("stdout", "stderr")}
        asked = {"script": script, "arguments": arguments, "environment": self.airflow.environment | more}
        self.process.stdin.write(json.dumps(asked | {name: str(file) for name, file in files.items()}) + "\n")
        self.process.stdin.flush()
        ended = int(self.process.stdout.readline())
        said = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
        return subprocess.CompletedProcess([script, *arguments], ended, **said)


@contextmanager
def warm(airflow: Airflow) -> Iterator[WarmAirflow]:
    """Load it, once its tables are there."""
    command = [str(airflow.program.with_name("python")), str(SCRIPTS / "warm.py")]
    with (
        (airflow.home / "warm.log").open("w") as log,
        subprocess.Popen(
            command,
            env=airflow.environment,
            cwd=airflow.home,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        yield WarmAirflow(airflow, process)
        assert process.stdin
        process.stdin.close()


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
