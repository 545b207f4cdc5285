"""The health of Airflow's components, as it reports them."""

import time
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError
from newsdesk.monitoring.exporter.airflow_api import AirflowApi
from newsdesk.operations.doctor.finding import Finding, fine, from_error, problem

_PATIENCE = 10.0  # seconds


class _ComponentStatus(BaseModel):
    status: str | None = None


class _HealthStatus(BaseModel):
    metadatabase: _ComponentStatus = _ComponentStatus()
    scheduler: _ComponentStatus = _ComponentStatus()
    dag_processor: _ComponentStatus = _ComponentStatus()
    triggerer: _ComponentStatus = _ComponentStatus()


def check_airflow(settings: Settings) -> Iterator[Finding]:
    """Nothing where no Airflow is named."""
    if settings.airflow_api_url is None:
        return
    password = settings.airflow_api_password or SecretStr("")
    try:
        api = AirflowApi(settings.airflow_api_url, settings.airflow_api_username or "", password)
        health = api.get("monitor/health", {}, _HealthStatus, time.monotonic() + _PATIENCE)
    except NewsdeskError as error:
        yield from_error("airflow", error)
        return
    ill = [name for name in _HealthStatus.model_fields if getattr(health, name).status not in (None, "healthy")]
    if ill:
        fix = "Look into its log, and start it again: a job that misses its heartbeat is taken for dead."
        yield problem("airflow", f"Airflow's {' and '.join(ill)} is not healthy.", fix)
    else:
        yield fine("airflow", "Every part of Airflow is healthy.")
