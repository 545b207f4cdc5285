"""`newsdesk exporter` as a process of its own, on SQLite, on a PostgreSQL that comes and goes, and beside Airflow."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from newsdesk.config.settings import Settings
from newsdesk.pipeline.monitor import monitor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import text_digest
from tests.builders import settings_in
from tests.stack.airflow import PASSWORD, USER, airflow_in, api_server
from tests.stack.running import put_in_charge
from tests.stack.servers import free_port, stoppable_postgresql
from tests.unit.monitoring.exporter.exposed import Values, values
from tests.unit.store.rows import feedback, opened, prediction
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.stack

DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def news_monitoring():
    @task
    def look():
        return "all is well"

    look()

news_monitoring()
"""


@dataclass(frozen=True)
class Exporter:
    """A running exporter, and what it wrote to standard error so far."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def values(self) -> Values:
        """What it tells, every metric and label checked against the catalogue."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE)
        assert answer.status_code == 200
        return values(answer.text)

    def is_up(self, source: str) -> bool:
        return self.values()["exporter_source_up", source] == 1

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def exporter(settings: Settings, folder: Path) -> Iterator[Exporter]:
    """Start the command, wait until it answers, and see that it ends well when it is told to."""
    port, log = free_port(), folder / "exporter.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "newsdesk", "exporter", "--port", str(port)],
            cwd=folder,
            env=dict(os.environ) | settings.environment_variables(),
            stdout=output,
            stderr=output,
        )
    started = Exporter(process, port, log)
    try:
        eventually(lambda: _answers(started), "the exporter answers")
        yield started
        assert started.stop() == 0
        assert PASSWORD not in log.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)


def settings_of(folder: Path, **environment: str) -> Settings:
    """Settings for an exporter that looks again at once."""
    return settings_in(folder, EXPORTER_INTERVAL="0.1", **environment)


def watch(settings: Settings) -> None:
    """Put a model in charge, let it have answered an hour ago, be corrected, and be looked at."""
    put_in_charge(settings.home, version="7")
    champion = read_champion_pointer(settings.bundles)
    assert champion
    at = datetime.now(UTC) - timedelta(hours=1)
    answers = [
        prediction(at=at, model_version="7", digest=champion.digest, category="sports", text_digest=text_digest(str(n)))
        for n in range(8)
    ]
    with opened(settings.database) as store:
        insert_predictions(store, answers)
        for answer, category in zip(answers, ["sports", "sports", "sports", "politics"], strict=False):
            record_feedback(store, feedback(prediction_id=answer.id, category=category))
    monitor(settings, NoProgress())


def check_watched(found: Values) -> None:
    assert found["model_accuracy", "test"] == 0.9
    assert found["model_accuracy", "live"] == 0.75
    assert found["feedback_coverage_ratio",] == 0.5
    assert found["monitoring_window_predictions",] == 8
    assert found["pipeline_runs_total", "monitor", "succeeded"] == 1
    assert found["pipeline_last_run_status", "monitor", "succeeded"] == 1


def test_what_the_store_holds_is_told_and_a_run_that_ends_later_is_told_soon(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    watch(settings)
    with exporter(settings, tmp_path) as started:
        check_watched(started.values())
        monitor(settings, NoProgress())
        eventually(lambda: started.values()["pipeline_runs_total", "monitor", "succeeded"] == 2)


def test_before_anything_was_done_there_are_only_sources(tmp_path: Path) -> None:
    with exporter(settings_of(tmp_path), tmp_path) as started:
        assert started.values() == {("exporter_source_up", "store"): 1, ("exporter_source_up", "registry"): 1}
        assert httpx.get(f"http://127.0.0.1:{started.port}/health").json() == {"status": "healthy"}


def test_a_store_that_stops_takes_its_values_with_it_and_brings_them_back(tmp_path: Path, programs: Path) -> None:
    with stoppable_postgresql(programs) as server:
        settings = settings_of(tmp_path, NEWSDESK_DATABASE_URL=server.address)
        watch(settings)
        with exporter(settings, tmp_path) as started:
            check_watched(started.values())
            server.stop()
            eventually(lambda: not started.is_up("store"))
            assert started.values() == {
                ("exporter_source_up", "store"): 0,
                ("exporter_source_up", "registry"): 1,
                ("model_accuracy", "test"): 0.9,
            }
            server.start()
            eventually(lambda: started.is_up("store"))
            check_watched(started.values())
            log = started.log.read_text(encoding="utf-8")
            assert (log.count("The source store is away"), log.count("The source store is back")) == (1, 1)
            assert "Traceback" not in log


def test_airflows_components_and_dags_are_told_as_it_comes_and_goes(tmp_path: Path) -> None:
    airflow = airflow_in(tmp_path / "airflow", DAG)
    begun = datetime.now(UTC).timestamp()
    airflow.run("dags", "test", "news_monitoring")
    login = {"AIRFLOW_API_USERNAME": USER, "AIRFLOW_API_PASSWORD": PASSWORD}
    with exporter(settings_of(tmp_path, AIRFLOW_API_URL=airflow.address, **login), tmp_path) as started:
        assert not started.is_up("airflow")
        with api_server(airflow):
            eventually(lambda: started.is_up("airflow"), started.log.read_text(encoding="utf-8"))
            found = started.values()
        eventually(lambda: not started.is_up("airflow"))
        assert not [key for key in started.values() if key[0].startswith("airflow")]
    assert found["airflow_component_healthy", "metadatabase"] == 1
    assert found["airflow_component_healthy", "scheduler"] == 0
    states = {key[2]: value for key, value in found.items() if key[0] == "airflow_dag_last_run_state"}
    assert states == {"queued": 0, "running": 0, "success": 1, "failed": 0}
    duration = found["airflow_dag_last_run_duration_seconds", "news_monitoring"]
    ended = found["airflow_dag_last_run_timestamp_seconds", "news_monitoring"]
    assert begun < ended - duration < ended < datetime.now(UTC).timestamp()


def _answers(started: Exporter) -> bool:
    assert started.process.poll() is None, started.log.read_text(encoding="utf-8")
    try:
        return httpx.get(f"http://127.0.0.1:{started.port}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
