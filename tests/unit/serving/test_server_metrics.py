"""What is read for /metrics: the model, the store, and, embedded, what an exporter would tell, however it fares."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring import exporter
from newsdesk.monitoring.catalogue import SOURCE_UP
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.serving.server_metrics import EmbeddedExporter, server_samples
from tests.builders import fitted_bundle, settings_in
from tests.unit.serving.security.builders import Clock


def found(samples: list[MetricSample]) -> dict[tuple[str, ...], float]:
    return {(metric.name, *labels): value for metric, labels, value in samples}


def log_in(folder: Path) -> PredictionLog:
    return PredictionLog(f"sqlite:///{folder}/newsdesk.db", folder / "spool", on_event=lambda *_: None)


def test_the_model_in_charge_and_the_way_to_the_store_are_told(tmp_path: Path) -> None:
    bundle = fitted_bundle(MultinomialNB(), per_category=10)
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "feedback-1-a.jsonl").write_bytes(b"{}\n")
    (tmp_path / "spool" / "feedback-2-b.jsonl").write_bytes(b"{}{}\n")
    assert found(list(server_samples(LoadedModel(Predictor(bundle), "7"), log_in(tmp_path)))) == {
        ("model_info", "7", bundle.digest, "MultinomialNB"): 1,
        ("model_accuracy", "test"): 0.9,
        ("model_trained_timestamp_seconds",): bundle.manifest.trained_at.timestamp(),
        ("store_up",): 1,
        ("store_spool_bytes", "predictions"): 0,
        ("store_spool_bytes", "feedback"): 8,
    }


def test_without_a_model_only_the_store_is_told(tmp_path: Path) -> None:
    names = {metric.name for metric, _, _ in server_samples(None, log_in(tmp_path))}
    assert names == {"store_up", "store_spool_bytes"}


@pytest.mark.parametrize(
    "server", [{"NEWSDESK_DATABASE_URL": "sqlite:///elsewhere.db"}, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}]
)
def test_where_a_server_is_named_an_exporter_of_its_own_is_asked(server: dict[str, str], tmp_path: Path) -> None:
    assert EmbeddedExporter(settings_in(tmp_path, **server), PipelineConfig()).read() == ()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], list[MetricSample]]], None]:
    def say(answer: Callable[[], list[MetricSample]]) -> None:
        monkeypatch.setattr(exporter, "embedded_samples", lambda *_: answer())

    return say


def test_it_looks_at_most_every_fifteen_seconds(tmp_path: Path, looks: Any) -> None:
    clock, times = Clock(), iter(range(10))
    looks(lambda: [MetricSample(SOURCE_UP, ("store",), next(times))])
    embedded = EmbeddedExporter(settings_in(tmp_path), PipelineConfig(), clock)
    told = []
    for now in (0, 14.9, 15, 16, 29.9, 30):
        clock.now = now
        told.append(embedded.read()[0].value)
    assert told == [0, 0, 1, 1, 1, 2]


def test_who_asks_is_told_what_was_seen_last_where_a_look_takes_long(tmp_path: Path, looks: Any) -> None:
    clock, may_end, times = Clock(), Event(), iter(range(10))

    def slowly() -> list[MetricSample]:
        time = next(times)
        assert time == 0 or may_end.wait(60)
        return [MetricSample(SOURCE_UP, ("store",), time)]

    looks(slowly)
    embedded = EmbeddedExporter(settings_in(tmp_path), PipelineConfig(), clock)
    told = []
    for now in (0, 15, 30):  # the second look is under way
        clock.now = now
        told.append(embedded.read()[0].value)
    may_end.set()
    while embedded.read()[0].value == 0:
        pass
    assert told == [0, 0, 0]
    assert embedded.read()[0].value == 1


def test_where_it_fails_nothing_is_told_and_the_log_says_so(
    tmp_path: Path, looks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> list[MetricSample]:
        raise ZeroDivisionError("postgresql://secret@")

    looks(fail)
    assert EmbeddedExporter(settings_in(tmp_path), PipelineConfig()).read() == ()
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text
