"""The main job, from a table to a champion, on part of the sample corpus with quick classifiers."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from newsdesk.cli.run_output import as_dict, print_tables
from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError, DataError, RegistryError
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.promoter import Promoter
from newsdesk.pipeline.run import RunResult, run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.champion_pointer import POINTER, read_champion_pointer
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.reader import fetch_bundle
from newsdesk.serving.model_loader import ModelLoader
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from newsdesk.store.pipeline_runs import PipelineRun, newest_run
from tests.builders import QUICK_MODELS, QUICKEST_MODEL, sample_rows, settings_in, write_csv

HEADLINES = ["Stock market hits record high after bank results", "Striker scores twice as champions win cup final"]


@dataclass(frozen=True)
class Desk:
    """A folder with data and configuration, and what the main job makes of it."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder)

    @property
    def registry(self) -> MlflowRegistry:
        return MlflowRegistry(self.settings)

    @property
    def promotions(self) -> Promoter:
        return Promoter(self.settings, self.registry, open_store(self.settings.database), "an operator")

    @property
    def newest_run(self) -> PipelineRun:
        newest = newest_run(open_store(self.settings.database), "run")
        assert newest is not None
        return newest

    def configure(self, models: str = QUICKEST_MODEL, pipeline: str = "") -> None:
        (self.folder / "configs").mkdir(exist_ok=True)
        (self.folder / "configs" / "model_config.yaml").write_text(models, encoding="utf-8")
        (self.folder / "configs" / "pipeline_config.yaml").write_text(pipeline, encoding="utf-8")

    def run(self, per_category: int = 60) -> RunResult:
        data = write_csv(self.folder / "articles.csv", sample_rows(per_category))
        return run(ArticleSource(data), self.settings, "a tester", NoProgress())


def new_desk(folder: Path, empty_database: Path) -> Desk:
    desk = Desk(folder)
    desk.configure()
    desk.settings.home.mkdir()
    shutil.copy(empty_database, desk.settings.embedded_mlflow)  # which MLflow takes seconds to make
    return desk


@pytest.fixture
def desk(tmp_path: Path, empty_database: Path) -> Desk:
    return new_desk(tmp_path, empty_database)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[Desk, RunResult]:
    desk = new_desk(tmp_path_factory.mktemp("desk"), empty_database)
    desk.configure(QUICK_MODELS)
    return desk, desk.run()


def test_the_first_model_that_is_good_enough_becomes_champion(finished: tuple[Desk, RunResult]) -> None:
    desk, outcome = finished
    assert outcome.judged.verdict.decision == "promoted"
    champion = desk.registry.holder("champion")
    assert champion is not None
    assert champion.version == "1"
    assert champion.digest == outcome.trained.bundle.digest
    pointer = read_champion_pointer(desk.settings.bundles)
    assert pointer is not None
    assert (pointer.version, pointer.digest) == ("1", champion.digest)


def test_the_store_remembers_how_the_job_ended_and_what_became_of_its_rows(finished: tuple[Desk, RunResult]) -> None:
    desk, outcome = finished
    newest = desk.newest_run
    assert newest.status == "succeeded"
    assert newest.started_at < newest.ended_at
    kept = sum(outcome.prepared.dataset.manifest.counts.values())
    assert newest.rows == {"read": outcome.prepared.rows, "kept": kept, "quarantined": 0}
    assert newest.detail == outcome.summary
    assert newest.detail["decision"] == "promoted"
    assert newest.detail["dataset_version"] == outcome.prepared.dataset.version


def test_the_best_on_validation_wins_and_is_fitted_again_on_train_and_validation(
    finished: tuple[Desk, RunResult],
) -> None:
    _, outcome = finished
    best = max(
        outcome.trained.candidates, key=lambda candidate: (candidate.validation.accuracy, candidate.validation.f1_macro)
    )
    counts = outcome.prepared.dataset.manifest.counts
    assert outcome.trained.winner.name == best.name
    assert outcome.trained.winner.articles == counts["train"] + counts["validation"]


def test_what_is_served_is_what_was_measured(finished: tuple[Desk, RunResult]) -> None:
    desk, outcome = finished
    served = ModelLoader(desk.settings).load_at_start().predictor
    measured = Predictor(outcome.trained.bundle)
    assert np.array_equal(served.predict_proba(HEADLINES), measured.predict_proba(HEADLINES))
    assert served.bundle.manifest.metrics["accuracy"] == outcome.trained.test.accuracy


def test_every_candidate_is_a_run_in_mlflow_with_parameters_metrics_and_pictures(
    finished: tuple[Desk, RunResult],
) -> None:
    desk, outcome = finished
    client = MlflowClient(desk.settings.tracking_uri)
    experiment = client.get_experiment_by_name("newsdesk")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    parent = runs.pop(f"train {outcome.prepared.dataset.version}")
    assert set(runs) == {"neural_network", "logistic_regression", "naive_bayes", "random_forest"}
    forest = runs["random_forest"]
    assert forest.data.params["n_estimators"] == "10"
    assert forest.data.tags["dataset_version"] == outcome.prepared.dataset.version
    assert forest.data.tags["mlflow.parentRunId"] == parent.info.run_id
    wanted = {
        "validation_accuracy",
        "test_f1_macro",
        "test_baseline_accuracy",
        "validation_dead_categories",
        "test_recall_weighted",
        "test_precision/sports",
        "fit_seconds",
        "size_bytes",
        "predict_ms",
    }
    assert wanted <= set(forest.data.metrics)
    files = {file.path for file in client.list_artifacts(forest.info.run_id)}
    assert {"confusion_matrix_validation.png", "per_class_validation.json"} <= files
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["bundle_digest"] == outcome.trained.bundle.digest


def test_the_same_content_under_another_name_is_told_to_come_from_there(finished: tuple[Desk, RunResult]) -> None:
    desk, outcome = finished
    renamed = desk.folder / "renamed.csv"
    shutil.copy(desk.folder / "articles.csv", renamed)
    again = run(ArticleSource(renamed), desk.settings, "a tester", NoProgress())
    assert again.prepared.dataset.version == outcome.prepared.dataset.version
    assert outcome.prepared.source == str(desk.folder / "articles.csv")
    assert again.prepared.source == as_dict(again)["dataset"]["source"] == str(renamed)
    assert desk.newest_run.detail["source"] == str(renamed)
    history = entries(open_store(desk.settings.database))
    assert [entry.evidence["source"] for entry in history] == [outcome.prepared.source, str(renamed)]
    client = MlflowClient(desk.settings.tracking_uri)
    for trained, source in ((outcome.trained, outcome.prepared.source), (again.trained, str(renamed))):
        (given,) = client.get_run(trained.run_id).inputs.dataset_inputs
        assert (given.dataset.name, given.dataset.digest) == (source, again.prepared.dataset.version)
        assert json.loads(given.dataset.source) == {"uri": source}
        assert json.loads(given.dataset.profile)["train"] == again.prepared.dataset.manifest.counts["train"]


def test_the_registered_version_holds_the_bundle_and_a_skops_pipeline_but_no_pickle(
    finished: tuple[Desk, RunResult],
) -> None:
    desk, _ = finished
    files = {file.name for file in (desk.folder / "var" / "artifacts").rglob("*") if file.is_file()}
    assert {"bundle.json", "vocabulary.json", "weights.safetensors", "pipeline.skops"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_a_bundle_that_is_lost_from_disk_is_fetched_from_the_registry(finished: tuple[Desk, RunResult]) -> None:
    desk, outcome = finished
    registry = desk.registry
    version = registry.version("1")
    _, folder = fetch_bundle(registry, version, desk.settings.bundles)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    bundle, folder = fetch_bundle(registry, version, desk.settings.bundles)
    assert bundle.digest == outcome.trained.bundle.digest
    assert load_bundle(folder).digest == bundle.digest


def test_a_bundle_that_is_damaged_on_disk_is_fetched_again(finished: tuple[Desk, RunResult]) -> None:
    desk, outcome = finished
    registry = desk.registry
    _, folder = fetch_bundle(registry, registry.version("1"), desk.settings.bundles)
    (folder / "weights.safetensors").write_bytes(b"damaged")
    bundle, _ = fetch_bundle(registry, registry.version("1"), desk.settings.bundles)
    assert bundle.digest == outcome.trained.bundle.digest
    assert load_bundle(folder).digest == bundle.digest


def test_the_same_command_twice_gives_the_same_dataset_and_bundle_and_changes_nothing(
    finished: tuple[Desk, RunResult],
) -> None:
    desk, first = finished
    second = desk.run()
    assert second.prepared.dataset.version == first.prepared.dataset.version
    assert second.trained.bundle.digest == first.trained.bundle.digest
    assert second.judged.verdict.decision == "unchanged"
    assert (desk.newest_run.status, desk.newest_run.detail["decision"]) == ("kept", "unchanged")
    assert [version.version for version in desk.registry.versions()] == ["1"]


def test_a_model_below_the_threshold_is_refused_and_registers_nothing(desk: Desk) -> None:
    desk.configure(pipeline="training_pipeline: {auto_deploy_threshold: 0.999}")
    outcome = desk.run(per_category=12)
    assert outcome.judged.verdict.decision == "refused"
    assert "auto_deploy_threshold" in outcome.judged.verdict.reason
    assert desk.registry.versions() == []
    assert not (desk.settings.bundles / POINTER).exists()
    (entry,) = entries(open_store(desk.settings.database))
    assert (entry.decision, entry.to_version, entry.actor) == ("refused", None, "a tester")
    assert entry.evidence["accuracy"] == outcome.trained.test.accuracy
    assert (desk.newest_run.status, desk.newest_run.detail["decision"]) == ("refused", "refused")

    desk.configure(pipeline="training_pipeline: {auto_deploy_threshold: 0.1}")
    assert desk.run(per_category=12).judged.verdict.decision == "promoted"


def test_a_model_that_is_not_enough_better_is_registered_as_challenger_and_the_champion_stays(desk: Desk) -> None:
    desk.run()
    desk.configure(models="models: {naive_bayes: {alpha: 0.5}}")
    outcome = desk.run()
    assert outcome.judged.verdict.decision == "kept"
    assert desk.newest_run.status == "kept"
    registry = desk.registry
    champion, challenger = registry.holder("champion"), registry.holder("challenger")
    assert champion is not None
    assert challenger is not None
    assert (champion.version, challenger.version) == ("1", "2")
    evidence = entries(open_store(desk.settings.database))[-1].evidence
    assert evidence["champion_accuracy"] is not None
    assert evidence["dataset_version"] == outcome.prepared.dataset.version


def test_a_gain_that_a_few_test_articles_show_replaces_nobody(desk: Desk) -> None:
    """Of 23 articles one more is a gain of 0.04, twice what the threshold asks for, and nothing but chance."""
    desk.configure(models="models: {naive_bayes: {alpha: 30.0}}")
    desk.run(per_category=20)
    desk.configure(models="models: {naive_bayes: {alpha: 3.0}}")
    outcome = desk.run(per_category=20)
    evidence = entries(open_store(desk.settings.database))[-1].evidence
    assert evidence["accuracy"] > evidence["champion_accuracy"] + 0.02
    assert outcome.judged.verdict.decision == "kept"
    assert "23 test articles cannot tell it from chance" in outcome.judged.verdict.reason
    gate = evidence["gate"]
    assert gate["comparison"]["low"] < 0 < gate["comparison"]["gain"] < gate["comparison"]["high"]
    assert (gate["rule"], gate["metric"], gate["needed"]) == ("threshold", "accuracy", {"gain": 0.02})
    assert gate["comparison"]["articles"] == gate["test_articles"] == 23


def test_rollback_brings_back_the_identical_bundle_and_the_ledger_tells_all_of_it(desk: Desk) -> None:
    first = desk.run()
    before = ModelLoader(desk.settings).load_at_start().predictor.predict_proba(HEADLINES)
    desk.configure(
        models="models: {naive_bayes: {alpha: 0.5}}", pipeline="training_pipeline: {model_comparison_threshold: 0}"
    )
    desk.run()
    desk.promotions.promote("2", "editors asked for it")
    assert ModelLoader(desk.settings).load_at_start().version == "2"

    gone, back = desk.promotions.rollback("misses cricket")
    assert (gone.version, back.version) == ("2", "1")
    served = ModelLoader(desk.settings).load_at_start()
    assert served.predictor.bundle.digest == first.trained.bundle.digest
    assert np.array_equal(served.predictor.predict_proba(HEADLINES), before)
    last = entries(open_store(desk.settings.database))[-1]
    assert (last.action, last.from_version, last.to_version, last.reason) == ("rollback", "2", "1", "misses cricket")
    with pytest.raises(RegistryError, match="no earlier champion"):
        desk.promotions.rollback("once more")


def test_a_pointer_that_a_killed_command_left_behind_is_mended(desk: Desk) -> None:
    desk.run(per_category=30)
    pointer = desk.settings.bundles / POINTER
    whole = pointer.read_text(encoding="utf-8")
    for damaged in (None, "{", json.dumps({"version": "0", "digest": "sha256:0", "bundle": "0"})):
        if damaged is None:
            pointer.unlink()
        else:
            pointer.write_text(damaged, encoding="utf-8")
        desk.promotions.repair_pointer()
        assert pointer.read_text(encoding="utf-8") == whole


def test_a_version_that_does_not_exist_cannot_be_promoted(finished: tuple[Desk, RunResult]) -> None:
    with pytest.raises(RegistryError, match="has no version 77"):
        finished[0].promotions.promote("77", "a slip")


def test_any_scikit_learn_classifier_joins_by_configuration_alone(desk: Desk) -> None:
    desk.configure(
        models="""
models:
  extra_trees: {class: sklearn.ensemble.ExtraTreesClassifier, n_estimators: 30}
  neighbours: {class: sklearn.neighbors.KNeighborsClassifier, n_neighbors: 3}
"""
    )
    outcome = desk.run()
    by_name = {candidate.name: candidate for candidate in outcome.trained.candidates}
    assert by_name["extra_trees"].bundle is not None
    assert by_name["neighbours"].bundle is None
    assert by_name["neighbours"].validation.accuracy > 0.5
    assert outcome.trained.winner.name == "extra_trees"
    assert outcome.judged.verdict.decision == "promoted"


def test_a_parameter_that_scikit_learn_refuses_is_told_by_its_key(desk: Desk) -> None:
    desk.configure(models="models: {logistic_regression: {C: -1}}")
    with pytest.raises(ConfigError, match=r"models\.logistic_regression: .*'C'"):
        desk.run(per_category=12)
    assert (desk.newest_run.status, desk.newest_run.detail) == ("failed", {"error": "config"})


def test_a_table_that_is_not_good_enough_is_remembered_as_refused(desk: Desk) -> None:
    with pytest.raises(DataError, match="too few different articles"):
        desk.run(per_category=2)
    assert (desk.newest_run.status, desk.newest_run.detail) == ("refused", {"error": "data"})


def test_broken_rows_are_remembered_as_quarantined_and_repeats_are_not(desk: Desk) -> None:
    desk.configure(models="models: {naive_bayes: {alpha: 0.5}}")
    rows = sample_rows(40)
    broken, repeat = rows[0] | {"id": "broken", "category": ""}, rows[1] | {"id": "repeat"}
    run(
        ArticleSource(write_csv(desk.folder / "a.csv", [*rows, broken, repeat])),
        desk.settings,
        "a tester",
        NoProgress(),
    )
    assert desk.newest_run.rows == {"read": len(rows) + 2, "kept": len(rows), "quarantined": 1}


def test_a_store_that_is_away_hides_no_error(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    away = settings_in(desk.folder, NEWSDESK_DATABASE_URL="postgresql://127.0.0.1:1/nothing")
    with pytest.raises(DataError, match="too few different articles"):
        run(ArticleSource(write_csv(desk.folder / "a.csv", sample_rows(2))), away, "a tester", NoProgress())
    (warning,) = [record for record in caplog.records if record.name.startswith("newsdesk.pipeline")]
    assert warning.getMessage().startswith("The store cannot remember how")


def test_names_that_look_like_markup_are_shown_as_they_are(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.configure(models="models: {'[/mine]': {class: sklearn.naive_bayes.MultinomialNB}}")
    rows = [row | {"category": f"[/{row['category']}]"} for row in sample_rows(20)]
    outcome = run(ArticleSource(write_csv(desk.folder / "[bold].csv", rows)), desk.settings, "a tester", NoProgress())
    print_tables(outcome)
    shown = capsys.readouterr().out
    assert "[/sports]" in shown
    assert "[/mine]" in shown
    assert "[bold].csv" in shown
