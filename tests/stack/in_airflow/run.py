"""Run by Airflow's own Python: `dag.test()` of one DAG of a folder, and what became of it as JSON."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session


def main(folder: str, dag_id: str, conf: str) -> None:
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    dag = bag.dags[dag_id]
    dag.deadline = None  # Airflow 3.3.2: `dag.test()` looks it up by an id that only a serialized DAG has
    run = dag.test(run_conf=json.loads(conf), logical_date=datetime.now(UTC))
    found = {
        "state": str(run.state),
        "states": {key(instance): str(instance.state) for instance in run.get_task_instances()},
        "xcoms": xcoms(run),
    }
    print(f"---\n{json.dumps(found)}")


def key(instance: Any) -> str:
    return instance.task_id if instance.map_index < 0 else f"{instance.task_id}[{instance.map_index}]"


def xcoms(run: Any) -> dict[str, Any]:
    """task → value, and task.key → value of others than the returned one."""
    with create_session() as session:
        rows = session.query(XComModel).filter_by(dag_id=run.dag_id, run_id=run.run_id).all()
        return {key(row) if row.key == "return_value" else f"{key(row)}.{row.key}": row.value for row in rows}


if __name__ == "__main__":
    main(*sys.argv[1:])
