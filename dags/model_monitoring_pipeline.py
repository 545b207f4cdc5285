"""How the champion does in production, and whether a new model is due.

Looks at predictions and feedback: accuracy, drift, whether to retrain. Where the rule of `monitoring.retraining`
asks for a new model, the asset `newsdesk_retraining_request` starts the training.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, get_current_context, task

from newsdesk_dags import config
from newsdesk_dags.assets import RETRAINING_REQUEST
from newsdesk_dags.command import newsdesk
from newsdesk_dags.skipping import skip


@task(multiple_outputs=False)
def monitor() -> dict[str, Any]:
    """One pass over the prediction log (`newsdesk monitor`)."""
    report = newsdesk("monitor")
    return {key: report[key] for key in ("at", "version", "headline", "decision")}


@task(outlets=[RETRAINING_REQUEST])
def request_retraining(report: dict[str, Any]) -> None:
    """Asks for a new model, or says why none is due."""
    decision = report["decision"]
    if not decision["retrain"]:
        skip(decision["reason"])
    extra = {"reason": decision["reason"], "champion": report["version"], "at": report["at"]}
    get_current_context()["outlet_events"][RETRAINING_REQUEST].extra = extra


@dag(
    schedule=config.section("monitoring")["schedule_interval"],
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    **config.every_dag(
        task_limit=timedelta(minutes=30), late_after=timedelta(minutes=50), run_limit=timedelta(hours=2)
    ),
)
def model_monitoring_pipeline() -> None:
    request_retraining(monitor())


model_monitoring_pipeline()
