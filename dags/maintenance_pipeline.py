"""Keep what must not be lost, and drop what nobody needs.

Backs up, proves that the backup can be read, and only then drops what is too old to be kept.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from newsdesk_dags import config
from newsdesk_dags.command import newsdesk, options


@task(multiple_outputs=False)
def backup() -> dict[str, Any]:
    """Databases, artifacts, bundles, configuration (`newsdesk backup`)."""
    made = newsdesk("backup")
    return {name: made[name] for name in ("archive", "bytes", "encrypted", "champion", "files", "warnings")}


@task(multiple_outputs=False)
def verify(backed_up: dict[str, Any]) -> dict[str, Any]:
    """Reads it back, and compares checksums."""
    found = newsdesk("backup", *options(verify=backed_up["archive"]))
    return {name: found[name] for name in ("archive", "whole", "files")}


@task(multiple_outputs=False)
def prune() -> dict[str, Any]:
    """Drops old backups, datasets, predictions (`newsdesk prune`)."""
    pruned = newsdesk("prune")
    return {name: len(value) if isinstance(value, list) else value for name, value in pruned.items()}


@dag(
    schedule=config.section("maintenance")["schedule_interval"],
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    **config.every_dag(task_limit=timedelta(hours=4), late_after=timedelta(hours=6), run_limit=timedelta(hours=12)),
)
def maintenance_pipeline() -> None:
    verify(backup()) >> prune()


maintenance_pipeline()
