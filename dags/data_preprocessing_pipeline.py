"""From tables in the inbox to a dataset that can be trained on.

Takes what is new in the inbox, sets aside rows that cannot be used, and makes a dataset of all that was ever
taken. A dataset that is new is published as the asset `newsdesk_dataset`, which starts the training.

Where nothing is new, or the articles are refused, tasks are skipped; each says why in its log and as XCom `reason`.
Any task can be cleared and run again.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from newsdesk_dags import announce, config
from newsdesk_dags.assets import DATASET
from newsdesk_dags.command import newsdesk, options
from newsdesk_dags.skipping import skip

SETTINGS = config.section("data_pipeline")
MOST_TABLES = 20  # that are told of one by one
LONGEST = 300  # characters of a reason
PARAMS = {
    "data": Param(
        None,
        type=["null", "string"],
        minLength=1,
        title="Table",
        description="Path or address of one table to take, in place of what is new in the inbox. {date} stands "
        "for the day of the run: s3://news/{date}.csv.",
    ),
    "labels": Param(
        None,
        type=["null", "string"],
        minLength=1,
        title="Labels",
        description="A second file with the category of each article, joined by id. {date} as above.",
    ),
}


@task(multiple_outputs=False)
def ingest(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Takes new tables, and of these the rows that are new (`newsdesk ingest`)."""
    assert params is not None
    dated = {name: _dated(params[name]) for name in ("data", "labels")}
    found = newsdesk("ingest", *options(**dated))
    tables = [_told(table) for table in found["tables"]]
    aside = sum(sum(table["quarantined"].values()) for table in found["tables"])
    told = {"status": found["status"], "new": found["new"], "quarantined": aside, "tables": tables[:MOST_TABLES]}
    retracted = found.get("retracted", [])[:MOST_TABLES]  # an earlier newsdesk on the worker knows of none
    return told | ({"retracted": retracted} if retracted else {})


@task
def quarantine_report(ingested: dict[str, Any]) -> int:
    """Announces tables that were refused; returns how many rows were set aside."""
    if not ingested["tables"]:
        skip("\n".join(["There was no new table.", *ingested.get("retracted", [])]))
    instance = get_current_context()["ti"]
    refused = [f"{one['source']}: {one['reason']}" for one in ingested["tables"] if one["status"] == "refused"]
    if refused:
        summary = f"{len(refused)} of {len(ingested['tables'])} tables refused"
        reason = "\n".join(refused)
        announce.tell("DataRefused", "warning", summary, reason, instance.dag_id, instance.run_id)
    return int(ingested["quarantined"])


@task(multiple_outputs=False, inlets=[DATASET])
def prepare() -> dict[str, Any]:
    """Removes duplicates, splits: one dataset of all that was taken (`newsdesk prepare`). Skipped if it was published
    and trained on before. What a run took that was cut short is not lost, nor is a dataset that no training took up,
    because its DAG was paused or it failed: the next run publishes it again.
    """
    prepared = newsdesk("prepare")
    if prepared["version"] is None:
        skip(prepared["reason"])
    dataset = {key: prepared[key] for key in ("version", "counts")}
    if prepared["trained"] and _published() == dataset["version"]:
        skip(f"Nothing is new: dataset {dataset['version']} was published before, and trained on.")
    return dataset


@task(outlets=[DATASET])
def publish(dataset: dict[str, Any]) -> str:
    """Tells the training that there is a new dataset."""
    get_current_context()["outlet_events"][DATASET].extra = dataset
    return str(dataset["version"])


@dag(
    schedule=SETTINGS["schedule_interval"],
    catchup=SETTINGS["catchup"],
    max_active_runs=SETTINGS["max_active_runs"],
    doc_md=__doc__,
    params=PARAMS,
    **config.every_dag(task_limit=timedelta(hours=1), late_after=timedelta(hours=2), run_limit=timedelta(hours=6)),
)
def data_preprocessing_pipeline() -> None:
    ingested = ingest()
    quarantine_report(ingested)
    dataset = prepare()
    ingested >> dataset
    publish(dataset)


def _told(table: dict[str, Any]) -> dict[str, Any]:
    """What is small of it."""
    return {name: table[name] for name in ("source", "status", "rows", "new")} | {"reason": table["reason"][:LONGEST]}


def _dated(address: str | None) -> str | None:
    context = get_current_context()
    day = context.get("logical_date") or context["dag_run"].run_after
    return address.replace("{date}", f"{day:%Y-%m-%d}") if address else None


def _published() -> str | None:
    """The version of the dataset that was published last."""
    events = get_current_context()["inlet_events"][DATASET]
    return str(events[-1].extra["version"]) if len(events) else None


data_preprocessing_pipeline()
