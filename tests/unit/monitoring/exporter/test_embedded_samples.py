import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.model.bundle import Bundle
from newsdesk.monitoring.exporter import embedded_samples
from newsdesk.pipeline.monitor import monitor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import text_digest
from tests.builders import settings_in
from tests.unit.monitoring.exporter.exposed import Values, exposed
from tests.unit.monitoring.exporter.test_registry_source import point_at
from tests.unit.store.rows import feedback, opened, prediction


@pytest.fixture
def settings(tmp_path: Path, first: Bundle) -> Settings:
    """A home with a champion, whose answers of an hour ago a monitoring pass looked at."""
    settings = settings_in(tmp_path)
    point_at(first, settings.bundles, version="7")
    at = datetime.now(UTC) - timedelta(hours=1)
    answers = [
        prediction(at=at, model_version="7", digest=first.digest, category="sports", text_digest=text_digest(str(n)))
        for n in range(9)
    ]
    said = ["sports", "sports", "sports", "politics"]
    with opened(settings.database) as store:
        insert_predictions(store, answers)
        for answer, category in zip(answers, said, strict=False):
            record_feedback(store, feedback(prediction_id=answer.id, category=category))
    monitor(settings, NoProgress())
    return settings


def told(settings: Settings) -> Values:
    return exposed(embedded_samples(settings, PipelineConfig()))


def test_what_monitoring_found_is_told_of_the_model_in_charge(settings: Settings) -> None:
    values = told(settings)
    assert values["model_accuracy", "live"] == 0.75
    assert values["model_accuracy", "estimated"] == 0.75
    assert values["model_class_f1", "sports", "live"] == pytest.approx(6 / 7)
    assert values["model_class_f1", "politics", "live"] == 0
    assert values["monitoring_window_predictions",] == 9
    assert (values["feedback_labels", "used"], values["feedback_labels", "text_missing"]) == (0, 4)
    assert values["pipeline_last_run_status", "monitor", "succeeded"] == 1
    assert (values["exporter_source_up", "store"], values["exporter_source_up", "registry"]) == (1, 1)


def test_what_the_server_tells_itself_is_left_to_it(settings: Settings) -> None:
    assert ("model_accuracy", "test") not in told(settings)


def test_without_anything_to_tell_the_sources_are_up(tmp_path: Path) -> None:
    assert told(settings_in(tmp_path)) == {("exporter_source_up", "store"): 1, ("exporter_source_up", "registry"): 1}


def test_a_store_that_is_none_takes_its_own_values_with_it_and_no_others(settings: Settings) -> None:
    (settings.home / "newsdesk.db").write_bytes(b"this is no database" * 100)
    (settings.home / "newsdesk.db-wal").unlink(missing_ok=True)
    assert told(settings) == {("exporter_source_up", "store"): 0, ("exporter_source_up", "registry"): 1}


def test_a_champion_that_cannot_be_read_takes_what_is_said_of_it_and_leaves_the_pipelines(settings: Settings) -> None:
    (settings.bundles / "champion.json").write_text("{", encoding="utf-8")
    values = told(settings)
    assert (values["exporter_source_up", "store"], values["exporter_source_up", "registry"]) == (1, 0)
    assert values["pipeline_last_run_status", "monitor", "succeeded"] == 1
    assert not [key for key in values if key[0].startswith("model_")]


def test_telling_loads_no_training_library(settings: Settings) -> None:
    script = """
import sys
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.monitoring.exporter import embedded_samples
names = {sample.metric.name for sample in embedded_samples(Settings(), PipelineConfig())}
assert "monitoring_window_predictions" in names
print(sorted({"mlflow", "sklearn", "scipy", "nltk", "pandas", "pyarrow", "fastapi"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"NEWSDESK_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr
