"""A real Airflow in an environment of its own, for its dependencies fit into no other."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from newsdesk import atomic
from tests.stack.servers import free_port
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "airflow.txt"
USER, PASSWORD = "watcher", "not-to-be-shown"


def airflow_program() -> Path:
    """The `airflow` command, installed under var/airflow where it is not there yet, which takes a minute."""
    folder = ROOT / "var" / "airflow" / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    if not (folder / "installed").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "-r", str(REQUIREMENTS)])
        atomic.write_text(folder / "installed", "")
    return folder / "bin" / "airflow"


@dataclass(frozen=True)
class Airflow:
    """Where Airflow keeps its state, and how its commands are called."""

    program: Path
    home: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:viewer",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
            "AIRFLOW__API_AUTH__JWT_SECRET": "for tests alone " * 5,
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
        }

    def run(self, *arguments: str) -> None:
        """Run an `airflow` command to its end."""
        _run([str(self.program), *arguments], self.environment)


def airflow_in(home: Path, dag: str) -> Airflow:
    """A new Airflow on SQLite with one DAG file, nothing of it started, and one user who may only look."""
    airflow = Airflow(airflow_program(), home, free_port())
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "tests.py").write_text(dag, encoding="utf-8")
    (home / "passwords.json").write_text(json.dumps({USER: PASSWORD}), encoding="utf-8")
    airflow.run("db", "migrate")
    airflow.run("dags", "reserialize")
    return airflow


@contextmanager
def api_server(airflow: Airflow) -> Iterator[None]:
    """Its REST API, answering."""
    command = [str(airflow.program), "api-server", "--host", "127.0.0.1", "--port", str(airflow.port)]
    with (airflow.home / "api-server.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=airflow.environment, cwd=airflow.home, start_new_session=True
        )
    try:
        eventually(lambda: _answers(airflow, process), "Airflow answers")
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _answers(airflow: Airflow, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, (airflow.home / "api-server.log").read_text(encoding="utf-8")
    try:
        return httpx.get(f"{airflow.address}/api/v2/monitor/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout}{done.stderr}"
