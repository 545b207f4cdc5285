"""When the DAGs run and how often they try again, as `pipeline_config.yaml` says."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from airflow.sdk import DeadlineAlert, DeadlineReference, SyncCallback

from newsdesk_dags import announce

_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # with catchup, every day since is made up for

_DEFAULTS: dict[str, dict[str, Any]] = {
    "data_pipeline": {
        "schedule_interval": "0 2 * * *",
        "max_active_runs": 1,
        "catchup": False,
        "retry_attempts": 2,
        "retry_delay": 300,
    },
    "training_pipeline": {"schedule_interval": None},
    "monitoring": {"schedule_interval": "0 * * * *"},
    "maintenance": {"schedule_interval": "0 4 * * 0"},
}


def section(name: str) -> dict[str, Any]:
    """What stands there, with the defaults of what does not."""
    file = Path(os.environ.get("NEWSDESK_CONFIG_DIR") or "configs") / "pipeline_config.yaml"
    written = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    return _DEFAULTS[name] | ((written or {}).get(name) or {})


def every_dag(*, task_limit: timedelta, late_after: timedelta, run_limit: timedelta) -> dict[str, Any]:
    """What all DAGs have in common. Limits are those of one try of a task, and of a run until it is ended."""
    return {
        "start_date": _FIRST_DAY,
        "default_args": task_defaults(task_limit),
        "dagrun_timeout": run_limit,
        "deadline": deadline(late_after),
        "on_failure_callback": announce.timed_out,
        "tags": ["newsdesk"],
    }


def task_defaults(time_limit: timedelta) -> dict[str, Any]:
    """For every task of a DAG: tried again, each time after twice as long; not for longer than `time_limit` at once."""
    data_pipeline = section("data_pipeline")
    return {
        "owner": "newsdesk",
        "retries": data_pipeline["retry_attempts"],
        "retry_delay": timedelta(seconds=data_pipeline["retry_delay"]),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": time_limit,
        "on_failure_callback": announce.failed,
    }


def deadline(interval: timedelta) -> DeadlineAlert:
    """Have it announced when a run is not done so long after it was due. Needs no triggerer: an executor calls it."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=interval,
        callback=SyncCallback(announce.late, kwargs={"limit": str(interval)}),
    )
