"""Keep what must not be lost, and drop what nobody needs.

Backs up, proves that the backup can be read, and only then drops what is too old to be kept.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from newsdesk_dags import announce, config
from newsdesk_dags.command import newsdesk, options


@task(multiple_outputs=False)
def backup() -> dict[str, Any]:
    """Databases, artifacts, bundles, configuration (`newsdesk backup`)."""
    return newsdesk("backup")


@task(multiple_outputs=False)
def verify(backed_up: dict[str, Any]) -> dict[str, Any]:
    """Reads it back, and compares checksums."""
    return newsdesk("backup", *options(verify=backed_up["path"]))


@task(multiple_outputs=False)
def prune() -> dict[str, Any]:
    """Drops old backups, datasets, predictions (`newsdesk prune`)."""
    return newsdesk("prune")


@dag(
    schedule=config.section("maintenance")["schedule_interval"],
    start_date=config.FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=config.task_defaults(timedelta(hours=4)),
    dagrun_timeout=timedelta(hours=12),
    on_failure_callback=announce.timed_out,
    deadline=config.deadline(timedelta(hours=6)),
    tags=config.TAGS,
    doc_md=__doc__,
)
def maintenance_pipeline() -> None:
    verify(backup()) >> prune()


maintenance_pipeline()
