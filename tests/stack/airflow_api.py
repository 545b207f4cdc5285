"""A working Airflow, asked over its REST API as people and other programs ask it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from deploy.airflow.component import Component, running
from deploy.airflow.installation import airflow_program
from deploy.airflow.settings import Airflow
from newsdesk.config.settings import Settings
from tests.stack.airflow import SECRET
from tests.stack.servers import free_port

PREPROCESSING, TRAINING = "data_preprocessing_pipeline", "model_training_pipeline"
COMPONENTS = ("api-server", "scheduler", "dag-processor")
PASSWORD = "not-to-be-shown"
LONGEST = 300  # seconds that a run may take on a busy machine
DONE = {"success", "failed"}

IMPATIENT = {
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "2",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
}


@dataclass(frozen=True)
class AirflowApi:
    """An Airflow whose components work."""

    airflow: Airflow
    components: dict[str, Component]

    def trigger(self, dag_id: str, **conf: object) -> str:
        """Start a run by hand; its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self._ask("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def pause(self, dag_id: str) -> None:
        self._ask("PATCH", f"/dags/{dag_id}", json={"is_paused": True})

    def unpause(self, dag_id: str) -> None:
        self._ask("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def runs(self, dag_id: str) -> dict[str, str]:
        """Id → state of every run, the oldest first."""
        found = self._ask("GET", f"/dags/{dag_id}/dagRuns", params={"order_by": "id", "limit": 100})["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """The newest try of every task of a run."""
        found = self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {_name(task): task for task in found}

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        return {name: task["state"] for name, task in self.tasks(dag_id, run_id).items()}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._ask("GET", path)["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """What the log of a task holds."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        return json.dumps(self._ask("GET", path, params={"full_content": "true"})["content"])

    def form(self, dag_id: str) -> dict[str, str]:
        """What the form that starts a run says of each parameter."""
        params = self._ask("GET", f"/dags/{dag_id}/details")["params"]
        return {name: str(param["description"]) for name, param in params.items()}

    def clear(self, dag_id: str, run_id: str) -> None:
        """Have every task of a run done again."""
        self._ask("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False})

    def wait(self, dag_id: str, run_id: str) -> str:
        """Wait until a run is done; its state."""
        until(lambda: self._state(dag_id, run_id) in DONE, f"{dag_id} {run_id} is done")
        return self._state(dag_id, run_id)

    def wait_for_task(self, dag_id: str, run_id: str, task: str, state: str = "running") -> None:
        until(lambda: self.states(dag_id, run_id).get(task) == state, f"{task} of {dag_id} is {state}")

    def new_run(self, dag_id: str, before: dict[str, str]) -> str:
        """Wait for a run that something else starts; its id."""
        until(lambda: self.runs(dag_id).keys() > before.keys(), f"{dag_id} starts")
        return next(iter(self.runs(dag_id).keys() - before.keys()))

    def _state(self, dag_id: str, run_id: str) -> str:
        return str(self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        """Patient: some tests take the database away."""
        for attempt in range(60):
            try:
                return self._asked(method, path, **request)
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 503
                if status < 500 or attempt == 59:
                    raise
                time.sleep(1)
        raise AssertionError

    def close(self) -> None:
        if "_client" in vars(self):
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        """One connection and one token for all: making them takes longer than most answers."""
        client = httpx.Client(base_url=self.airflow.address, timeout=60, headers={"Accept": "application/json"})
        login = {"username": self.airflow.user, "password": PASSWORD}
        token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def _asked(self, method: str, path: str, **request: Any) -> Any:
        return self._client.request(method, f"/api/v2{path}", **request).raise_for_status().json()


def until(condition: Callable[[], bool], what: str, seconds: float = LONGEST) -> None:
    """Wait until it is so; runs take longer than what other tests wait for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.5)


def airflow_for(settings: Settings, home: Path, dags: Path, database: str, **more: str) -> Airflow:
    """An Airflow, not started, with its own tables in a PostgreSQL `database`, whose tasks work with these settings."""
    environment = (
        settings.environment_variables()
        | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.replace("://", "+psycopg2://")}
        | IMPATIENT
        | more
    )
    return Airflow(airflow_program(), home, free_port(), SECRET, dags=dags, more=environment)


@contextmanager
def working(airflow: Airflow, *unpaused: str) -> Iterator[AirflowApi]:
    """All components started and healthy; the DAGs are paused, but for these."""
    airflow.passwords.write_text(json.dumps({airflow.user: PASSWORD}), encoding="utf-8")
    airflow.prepare()
    with running(airflow, *COMPONENTS) as components, closing(AirflowApi(airflow, components)) as found:
        until(lambda: _is_ready(found), "Airflow is healthy and has the DAGs")
        for dag_id in unpaused:
            found.unpause(dag_id)
        yield found


def _is_ready(found: AirflowApi) -> bool:
    for component in found.components.values():
        assert not component.has_ended, component.log.read_text(encoding="utf-8")
    try:
        health = httpx.get(f"{found.airflow.address}/api/v2/monitor/health", timeout=10).json()
        parts = ("metadatabase", "scheduler", "dag_processor")
        if any(health[part]["status"] != "healthy" for part in parts):
            return False
    except (httpx.TransportError, ValueError):
        return False
    return bool(found._ask("GET", "/dags")["total_entries"] >= 4)


def _name(task: dict[str, Any]) -> str:
    return task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"
