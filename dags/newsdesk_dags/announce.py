"""Tell people what became of a run: Alertmanager, or any webhook that takes JSON, or both.

An announcement that cannot be made is logged; no run fails of it.
"""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

Severity = Literal["warning", "info"]

_PATIENCE = 10  # seconds
_LASTS = timedelta(hours=12)  # an event has no end that could be told: Alertmanager forgets it after so long
_LONGEST = 1000  # characters of a description

log = logging.getLogger(__name__)


def failed(context: Mapping[str, Any]) -> None:
    """A task failed for good: a task's `on_failure_callback`."""
    instance = context["ti"]
    error = context.get("exception")
    reason = str(error or "The task was killed, or its worker is gone.")
    tell("PipelineFailed", "warning", f"{instance.task_id} failed", reason, instance.dag_id, instance.run_id)


def timed_out(context: Mapping[str, Any]) -> None:
    """A run was ended because it took too long: a DAG's `on_failure_callback`. Of tasks that failed, they told."""
    if context.get("reason") == "timed_out":
        said = "What ran was ended, and what had not begun was skipped."
        tell("PipelineFailed", "warning", "the run took too long", said, context["dag"].dag_id, context["run_id"])


def late(limit: str, context: Mapping[str, Any]) -> None:
    """A run is not done in time: the callback of a deadline."""
    run = context["dag_run"]
    tell("PipelineLate", "warning", f"not done after {limit}", "It may run still.", run["dag_id"], run["dag_run_id"])


def tell(name: str, severity: Severity, summary: str, description: str, dag_id: str, run_id: str) -> None:
    """Announce an event of a run wherever the environment names an address."""
    labels = {"alertname": name, "severity": severity, "team": "ml", "family": "pipeline", "job": "airflow"}
    labels |= {"dag": dag_id, "run": run_id}
    said = {"summary": f"{dag_id}: {summary}", "description": description[:_LONGEST]}
    said["runbook_url"] = "/docs/airflow.md#what-is-announced"
    log.info("%s: %s. %s", name, said["summary"], said["description"])
    now = datetime.now(UTC)
    if alertmanager := os.environ.get("NEWSDESK_ALERTMANAGER_URL"):
        alert = {"labels": labels, "annotations": said, "startsAt": _moment(now), "endsAt": _moment(now + _LASTS)}
        _post(f"{alertmanager.rstrip('/')}/api/v2/alerts", [alert])
    if webhook := os.environ.get("NEWSDESK_WEBHOOK_URL"):
        _post(webhook, {"at": _moment(now), **labels, **said})


def _post(address: str, body: object) -> None:
    request = Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - by configuration
    try:
        with _opener(address).open(request, timeout=_PATIENCE):
            pass
    except (OSError, HTTPException, ValueError) as error:
        log.warning("Could not announce it (%s). Look at the address in the environment.", type(error).__name__)


def _opener(address: str) -> OpenerDirector:
    """No proxy of the environment leads to this machine."""
    host = urlsplit(address).hostname or ""
    return build_opener(ProxyHandler({})) if host == "localhost" or host.startswith("127.") else build_opener()


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
