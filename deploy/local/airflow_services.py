"""Airflow, as `deploy/airflow` sets it up, among the servers of the stack."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.airflow.installation import airflow_program
from deploy.airflow.settings import Airflow
from deploy.local.ports import HOST
from deploy.local.service import Service
from deploy.local.stack import Stack
from newsdesk import atomic

_USER = "admin"


def airflow_services(stack: Stack, newsdesk: Mapping[str, str]) -> list[Service]:
    """Its API, scheduler and DAG processor. `newsdesk`: what the command that the tasks run has to know."""
    airflow = _airflow(stack, newsdesk)
    own = {name: value for name, value in airflow.environment.items() if os.environ.get(name) != value}
    listening = ("--host", HOST, "--port", str(stack.ports.airflow))

    def service(name: str, *arguments: str, health: str, login: str = "") -> Service:
        return Service(
            name=f"airflow-{name}",
            command=(str(airflow.program), name, *arguments),
            folder=airflow.home,
            health=f"{airflow.address}/api/v2/monitor/health#{health}",
            environment=own,
            stop_group=True,
            login=login,
        )

    return [
        service("api-server", *listening, health="metadatabase", login=f"{_USER}, password in stack.json"),
        service("scheduler", health="scheduler"),
        service("dag-processor", health="dag_processor"),
    ]


def prepare_airflow(stack: Stack, newsdesk: Mapping[str, str]) -> None:
    """Its tables, its pool and its user. Raises `NewsdeskError`."""
    airflow = _airflow(stack, newsdesk)
    passwords = json.dumps({_USER: stack.passwords.airflow_admin})
    atomic.write_text(airflow.passwords, passwords, mode=0o600)
    airflow.prepare()


def exporter_environment(stack: Stack) -> Mapping[str, str]:
    """How the exporter asks it."""
    return {
        "AIRFLOW_API_URL": stack.airflow_address,
        "AIRFLOW_API_USERNAME": _USER,
        "AIRFLOW_API_PASSWORD": stack.passwords.airflow_admin,
    }


def _airflow(stack: Stack, newsdesk: Mapping[str, str]) -> Airflow:
    more = {
        **newsdesk,
        "NEWSDESK_COMMAND": str(Path(sys.executable).with_name("newsdesk")),
        "NEWSDESK_API_URL": f"http://{HOST}:{stack.ports.api}",
        "NEWSDESK_ALERTMANAGER_URL": f"http://{HOST}:{stack.ports.alertmanager}",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": stack.database("airflow", scheme="postgresql+psycopg2"),
    }
    tokens = stack.passwords.airflow_tokens
    return Airflow(airflow_program(), stack.home / "airflow", stack.ports.airflow, tokens, _USER, more=more)
