"""How Airflow and its DAGs do."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, get_args

from pydantic import BaseModel

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.monitoring import catalogue
from newsdesk.monitoring.exporter.airflow_api import AirflowApi
from newsdesk.monitoring.metric_samples import MetricSample

_TIMEOUT = 7.0  # seconds for all that is asked in one reading
_MOST_DAGS = 100
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,100}")

State = Literal["queued", "running", "success", "failed"]
_STATES: tuple[State, ...] = get_args(State)


class _Component(BaseModel):
    status: str | None = None  # None for a component that never ran


class _HealthAnswer(BaseModel):
    metadatabase: _Component
    scheduler: _Component
    triggerer: _Component
    dag_processor: _Component = _Component()


class _Dag(BaseModel):
    dag_id: str


class _Dags(BaseModel):
    dags: list[_Dag]


class _Run(BaseModel):
    state: State
    end_date: datetime | None
    duration: float | None  # seconds


class _Runs(BaseModel):
    dag_runs: list[_Run]


class AirflowSource:
    """One Airflow, read with one user's eyes: the role Viewer is enough."""

    def __init__(self, api: AirflowApi) -> None:
        self._api = api

    def read(self) -> list[MetricSample]:
        """Ask and tell. Raises `AirflowError`."""
        deadline = time.monotonic() + _TIMEOUT
        return [*self._components(deadline), *self._dags(deadline)]

    def _components(self, deadline: float) -> Iterator[MetricSample]:
        health = self._api.get("monitor/health", {}, _HealthAnswer, deadline)
        for name in _HealthAnswer.model_fields:
            if (status := getattr(health, name).status) is not None:
                yield MetricSample(catalogue.AIRFLOW_HEALTHY, (name,), float(status == "healthy"))

    def _dags(self, deadline: float) -> Iterator[MetricSample]:
        query: dict[str, str | int | list[str]] = {"limit": _MOST_DAGS, "order_by": "dag_id"}
        for dag in self._api.get("dags", query, _Dags, deadline).dags[:_MOST_DAGS]:
            if _LABEL.fullmatch(dag.dag_id):
                yield from self._runs(dag.dag_id, deadline)

    def _runs(self, dag: str, deadline: float) -> Iterator[MetricSample]:
        newest = self._newest_run(dag, {"order_by": "-run_after"}, deadline)
        if newest is None:
            return
        for state in _STATES:
            yield MetricSample(catalogue.DAG_STATE, (dag, state), float(state == newest.state))
        ended = newest
        if newest.end_date is None:
            ended = self._newest_run(dag, {"order_by": "-end_date", "state": ["success", "failed"]}, deadline) or newest
        if ended.end_date is not None:
            yield MetricSample(catalogue.DAG_LAST, (dag,), ended.end_date.timestamp())
        if ended.end_date is not None and ended.duration is not None:
            yield MetricSample(catalogue.DAG_DURATION, (dag,), ended.duration)

    def _newest_run(self, dag: str, query: dict[str, str | int | list[str]], deadline: float) -> _Run | None:
        runs = self._api.get(f"dags/{dag}/dagRuns", {"limit": 1} | query, _Runs, deadline).dag_runs
        return runs[0] if runs else None


def open_airflow_source(settings: Settings) -> AirflowSource | None:
    """The Airflow that the settings name; None where they name none. Raises `ConfigError` for half a login."""
    address, username, password = settings.airflow_api_url, settings.airflow_api_username, settings.airflow_api_password
    if address is None:
        return None
    if username is None or password is None:
        raise ConfigError("AIRFLOW_API_URL needs AIRFLOW_API_USERNAME and AIRFLOW_API_PASSWORD: a user of role Viewer.")
    return AirflowSource(AirflowApi(address, username, password))
