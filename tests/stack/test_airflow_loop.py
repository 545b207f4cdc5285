"""The loop closed by Airflow: a table in the inbox becomes the model that a running server answers with.

The server keeps what it needs in a home of its own, as on another machine.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from newsdesk.registry.reader import open_registry
from tests.builders import sample_rows, write_csv
from tests.stack.pipelines import PREPROCESSING, TRAINING, Pipelines, pipelines
from tests.stack.running import Server, serving
from tests.stack.servers import free_port
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack


def test_a_table_in_the_inbox_becomes_the_model_that_a_running_server_answers_with(
    programs: Path, tmp_path: Path
) -> None:
    port = free_port()
    begun = time.monotonic()
    more = {"NEWSDESK_API_URL": f"http://127.0.0.1:{port}", "NEWSDESK_COMMAND": warm_newsdesk()}
    with pipelines(programs, tmp_path, **more) as found:
        print(f"\nPostgreSQL, MLflow and Airflow are up after {time.monotonic() - begun:.0f} s")
        monday = dropped(found, "monday.csv", 10)
        found.wait_for_task(TRAINING, monday.training, "promote", "success")  # a server needs a champion to start with
        away = {"MLFLOW_TRACKING_URI": found.mlflow.address, "NEWSDESK_DATABASE_URL": found.settings.database}
        with serving(tmp_path, tmp_path / "server", port=port, MODEL_REFRESH_INTERVAL="1", **away) as server:
            assert served(found, server, monday) == "1"
            assert served(found, server, dropped(found, "tuesday.csv", 100)) == "2"
            nothing_is_left_to_do(found)
        decisions = [entry.decision for entry in found.ledger()]
        assert decisions == ["promoted", "promoted"]


@dataclass(frozen=True)
class Dropped:
    """A table that was dropped into the inbox at `at`, the dataset it became, and the training that this started."""

    name: str
    at: float
    dataset: str
    prepared: float
    training: str


def dropped(found: Pipelines, name: str, per_category: int) -> Dropped:
    """Drop a table, and follow it until a training starts, which nobody triggers but the dataset."""
    before, at = found.runs(TRAINING), time.monotonic()
    write_csv(found.inbox / name, sample_rows(per_category))
    run = found.trigger(PREPROCESSING)
    assert found.wait(PREPROCESSING, run) == "success"
    assert set(found.states(PREPROCESSING, run).values()) == {"success"}
    dataset, prepared = found.xcom(PREPROCESSING, run, "publish"), time.monotonic()
    return Dropped(name, at, dataset, prepared, found.new_run(TRAINING, before))


def served(found: Pipelines, server: Server, table: Dropped) -> str:
    """Follow the training until the server answers with what it came to; which version that is."""
    assert found.wait(TRAINING, table.training) == "success"
    states = found.states(TRAINING, table.training)
    assert states.pop("look_for_a_newer_dataset") == "skipped"
    assert set(states.values()) == {"success"}
    trained = time.monotonic()
    verdict, asked = (found.xcom(TRAINING, table.training, task) for task in ("promote", "smoke_test"))
    assert found.xcom(TRAINING, table.training, "plan")["dataset"] == table.dataset
    champion = open_registry(found.settings).holder("champion")
    assert champion is not None
    assert champion.version == verdict["version"] == asked["version"]
    assert server.get("/model/info")["digest"] == champion.digest == verdict["digest"]
    print(
        f"{table.name}: dataset {table.dataset} after {table.prepared - table.at:.0f} s; version {champion.version} "
        f"promoted and served after {trained - table.at:.0f} s; it was served {asked['seconds']:.1f} s after one asked"
    )
    return str(champion.version)


def nothing_is_left_to_do(found: Pipelines) -> None:
    """Without a new table nothing is published, and no training starts."""
    before = found.runs(TRAINING)
    preprocessing = found.trigger(PREPROCESSING)
    assert found.wait(PREPROCESSING, preprocessing) == "success"
    states = found.states(PREPROCESSING, preprocessing)
    assert states == {"ingest": "success", "quarantine_report": "skipped", "prepare": "skipped", "publish": "skipped"}
    assert "was published before" in found.xcom(PREPROCESSING, preprocessing, "prepare", "reason")
    assert found.runs(TRAINING) == before
