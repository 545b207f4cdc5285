"""Airflow in an environment of its own, for its dependencies fit into no other."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.ports import HOST
from deploy.local.service import Service
from deploy.local.stack import ROOT, Stack
from newsdesk import atomic
from newsdesk.errors import NewsdeskError

_REQUIREMENTS = ROOT / "requirements" / "airflow.txt"
_USER = "admin"


class AirflowError(NewsdeskError):
    """Airflow cannot be installed or set up."""

    code = "airflow"


def airflow_program() -> Path:
    """The `airflow` command, installed under var/airflow where it is not there yet, which takes a minute."""
    folder = ROOT / "var" / "airflow" / hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]
    if not (folder / "installed").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "-r", str(_REQUIREMENTS)])
        atomic.write_text(folder / "installed", "")
    return folder / "bin" / "airflow"


def airflow_services(stack: Stack, newsdesk: Mapping[str, str]) -> list[Service]:
    """Its API, scheduler and DAG processor. `newsdesk`: what the command that the tasks run has to know."""
    program, environment = str(airflow_program()), _environment(stack, newsdesk)
    listening = ("--host", HOST, "--port", str(stack.ports.airflow))

    def service(name: str, *arguments: str, health: str, login: str = "") -> Service:
        return Service(
            name=f"airflow-{name}",
            command=(program, name, *arguments),
            folder=stack.home / "airflow",
            health=f"{stack.airflow_address}/api/v2/monitor/health#{health}",
            environment=environment,
            stop_group=True,
            login=login,
        )

    return [
        service("api-server", *listening, health="metadatabase", login=f"{_USER}, password in stack.json"),
        service("scheduler", health="scheduler"),
        service("dag-processor", health="dag_processor"),
    ]


def prepare_airflow(stack: Stack, newsdesk: Mapping[str, str]) -> None:
    """Its tables and its user. Raises `AirflowError`."""
    home = stack.home / "airflow"
    _dags(stack).mkdir(parents=True, exist_ok=True)
    passwords = json.dumps({_USER: stack.passwords.airflow_admin})
    atomic.write_text(home / "passwords.json", passwords, mode=0o600)
    _run([str(airflow_program()), "db", "migrate"], _environment(stack, newsdesk))


def exporter_environment(stack: Stack) -> Mapping[str, str]:
    """How the exporter asks it."""
    return {
        "AIRFLOW_API_URL": stack.airflow_address,
        "AIRFLOW_API_USERNAME": _USER,
        "AIRFLOW_API_PASSWORD": stack.passwords.airflow_admin,
    }


def _dags(stack: Stack) -> Path:
    return ROOT / "dags" if (ROOT / "dags").is_dir() else stack.home / "airflow" / "dags"


def _environment(stack: Stack, newsdesk: Mapping[str, str]) -> dict[str, str]:
    home = stack.home / "airflow"
    return {
        **newsdesk,
        "NEWSDESK_COMMAND": str(Path(sys.executable).with_name("newsdesk")),
        "NEWSDESK_API_URL": f"http://{HOST}:{stack.ports.api}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_dags(stack)),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{_USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{stack.airflow_address}/execution/",
        "AIRFLOW__API__BASE_URL": stack.airflow_address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": stack.passwords.airflow_tokens,
        "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "86400",  # of a task's token: training may take long
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": stack.database("airflow", scheme="postgresql+psycopg2"),
    }


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no word why"]
        raise AirflowError(f"{Path(command[0]).name} {command[1]} failed: {said[-1]}")
