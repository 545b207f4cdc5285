"""Categories that people type, from the table to the answer: MLflow, the bundle, HTTP, Prometheus and the pages."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from mlflow import MlflowClient
from prometheus_client.parser import text_string_to_metric_families

from newsdesk.config.settings import Settings
from newsdesk.monitoring.exporter.registry_source import RegistrySource
from newsdesk.registry.metric_names import category_metric
from newsdesk.serving.app import create_app
from newsdesk.serving.model_loader import ModelLoader
from tests.builders import settings_in, write_csv
from tests.integration.test_command_line import newsdesk, run_job
from tests.serving import call, service_of

CATEGORIES = [
    "/sport",
    "sport/",
    "news//sport",
    ".",
    "..",
    "../../etc",
    "R&D",
    "R?D",
    "R_D",
    "100%",
    "%2Fsport",
    "⚽ Fußball 🏆",
    "🏆" * 200,
    "x" * 200,
    "नई दिल्ली",
    "C:\\news\\",
    "[bold]news[/bold]",
    ":soccer:",
    "$x^2$ $",
    'a "quoted", word',
    "-1",
    "f1/",
    "=SUM(1)",
]
QUICK = "models:\n  logistic_regression: {C: 10.0}\n  naive_bayes: {alpha: 0.1}\n"


def text_about(place: int, number: int) -> str:
    """A text whose words stand for one category alone."""
    sign = chr(ord("a") + place)
    return " ".join(f"{sign * 3}word{chr(ord('a') + (number * step) % 26)}" for step in (1, 3, 5, 7, 11))


@dataclass(frozen=True)
class Trained:
    settings: Settings
    told: dict[str, Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("categories")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(QUICK, encoding="utf-8")
    rows = [
        {"id": f"{place}-{number}", "text": text_about(place, number), "category": f"  {category} "}
        for place, category in enumerate(CATEGORIES)
        for number in range(26)
    ]
    write_csv(folder / "articles.csv", rows)
    settings = settings_in(folder)
    more = {"NEWSDESK_CONFIG_DIR": str(settings.config_dir)}
    ended = run_job(folder, "--json", **more)
    assert ended.returncode == 0, ended.stderr
    return Trained(settings, json.loads(ended.stdout))


def test_any_category_is_trained_on_and_promoted(trained: Trained) -> None:
    assert trained.told["gate"]["decision"] == "promoted"
    assert set(trained.told["winner"]["per_class"]) == set(CATEGORIES)


def test_mlflow_tells_the_figures_of_each_category_apart(trained: Trained) -> None:
    client = MlflowClient(trained.settings.tracking_uri)
    winner = trained.told["winner"]
    metrics = client.get_run(winner["run_id"]).data.metrics
    for category in CATEGORIES:
        assert metrics[category_metric("test_f1", category)] == winner["per_class"][category]["f1"]
    assert len([name for name in metrics if name.startswith("test_f1/")]) == len(CATEGORIES)


def test_the_server_answers_with_the_category_as_it_was_typed(trained: Trained) -> None:
    predictor = ModelLoader(trained.settings).load_at_start().predictor
    service = service_of(trained.settings, predictor)
    app = create_app(service)
    for place, category in enumerate(CATEGORIES):
        answer = call(app, "POST", "/predict", json={"text": text_about(place, 4)}).json()
        assert answer.get("prediction") == category, answer
        assert set(answer["probabilities"]) == set(CATEGORIES)
    service.metrics.batch.flush()
    families = text_string_to_metric_families(call(app, "GET", "/metrics").text)
    counted = {
        sample.labels["category"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == "predictions_total"
    }
    assert counted == dict.fromkeys(CATEGORIES, 1)


def test_the_exporter_tells_the_f1_of_each_category(trained: Trained) -> None:
    told = {sample.labels[0] for sample in RegistrySource(trained.settings).read() if "f1" in sample.metric.name}
    assert told >= set(CATEGORIES)


def test_people_read_the_category_as_it_was_typed(trained: Trained) -> None:
    folder = trained.settings.home.parent
    more = {"NEWSDESK_CONFIG_DIR": str(trained.settings.config_dir), "COLUMNS": "300"}
    shown = run_job(folder, **more).stdout
    for category in CATEGORIES:
        if len(category) < 100:
            assert all(part in shown for part in category.split("\n")), category
    assert newsdesk(folder, "models", "list", **more).returncode == 0
