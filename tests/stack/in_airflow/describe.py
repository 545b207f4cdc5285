"""Run by Airflow's own Python: import the DAGs of a folder, and print what they are as JSON.

Anything of Airflow's that is deprecated is an error.
"""

import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import airflow.sdk
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.exceptions import AirflowProviderDeprecationWarning, RemovedInAirflow4Warning
from airflow.sdk.exceptions import RemovedInAirflow4Warning as RemovedFromSdk
from airflow.utils.deprecation_tools import DeprecatedImportWarning

FORBIDDEN = {"newsdesk", "sklearn", "mlflow", "numpy", "pandas", "scipy", "nltk"}


def main(folder: str) -> None:
    seconds = {file.stem: seconds_to_import(folder, file.stem) for file in Path(folder).glob("*.py")}
    for category in (
        AirflowProviderDeprecationWarning,
        RemovedInAirflow4Warning,
        RemovedFromSdk,
        DeprecatedImportWarning,
    ):
        warnings.simplefilter("error", category)
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    print("---")
    print(
        json.dumps(
            {
                "seconds": seconds,
                "errors": bag.import_errors,
                "forbidden": sorted(FORBIDDEN & {name.partition(".")[0] for name in sys.modules}),
                "dags": {dag.dag_id: described(dag) for dag in bag.dags.values()},
            }
        )
    )


def described(dag: Any) -> dict[str, Any]:
    condition = getattr(dag.timetable, "asset_condition", None)
    return {
        "doc": dag.doc_md,
        "schedule": dag.timetable.__class__.__name__,
        "cron": getattr(dag.timetable, "expression", None),
        "assets": sorted(asset.uri for asset in condition.objects) if condition else [],
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "has_deadline": bool(dag.deadline),
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "tasks": {task.task_id: of_task(task) for task in dag.tasks},
    }


def of_task(task: Any) -> dict[str, Any]:
    task_arguments = getattr(task, "partial_kwargs", {})
    return {
        "doc": task.doc_md,
        "after": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "backs_off": bool(task_arguments.get("retry_exponential_backoff", task.retry_exponential_backoff)),
        "time_limit": task.execution_timeout.total_seconds(),
        "announces_failure": bool(task.on_failure_callback),
        "pool": task.pool,
        "outlets": [asset.uri for asset in task.outlets],
    }


def seconds_to_import(folder: str, module: str) -> float:
    """Once Airflow itself is there: the less of two times, each in a process of its own."""
    for name in (
        "DAG",
        "dag",
        "task",
        "Param",
        "Asset",
        "AssetOrTimeSchedule",
        "DeadlineAlert",
        "CronTriggerTimetable",
    ):
        getattr(airflow.sdk, name)  # they are imported when they are asked for
    return min(_in_a_fork(folder, module) for _ in range(2))


def _in_a_fork(folder: str, module: str) -> float:
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            sys.path.insert(0, folder)
            started = time.perf_counter()
            importlib.import_module(module)
            os.write(writing, str(time.perf_counter() - started).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.wait()
    with open(reading, encoding="ascii") as told:  # noqa: PTH123 - this is no path
        return float(told.read() or "inf")  # where it cannot be imported


if __name__ == "__main__":
    main(sys.argv[1])
