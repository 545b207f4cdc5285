"""What `newsdesk prune` lets go of, and what it never does."""

import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.dataset import DatasetContents, write_dataset
from newsdesk.config.model_config import ModelConfig, TextCleaning
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.model.bundle_files import save_bundle
from newsdesk.pipeline.plan.plan import MANIFEST, Plan
from newsdesk.registry.champion_pointer import bundle_folder_name
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.ledger import LedgerEntry, append
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import text_digest
from newsdesk.store.windows import StoredWindow, read_windows, save_windows
from tests.restoring import Newsroom
from tests.stack.running import column, fitted, put_in_charge
from tests.unit.store.rows import feedback, prediction

if TYPE_CHECKING:
    from tests.unit.registry.shelf import Shelf

LONG_AGO = datetime.now(UTC) - timedelta(days=500)


def aged(folder: Path) -> Path:
    """A folder that nobody has touched for long."""
    then = time.time() - 500 * 86400
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then))
    return folder


def folder_of(parent: Path, name: str) -> Path:
    (parent / name).mkdir(parents=True)
    (parent / name / "manifest.json").write_text("{}", encoding="utf-8")
    return aged(parent / name)


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path, {"NEWSDESK_HOME": str(tmp_path / "var")}, {})


def test_folders_go_that_are_old_and_that_nothing_names(newsroom: Newsroom, shelf: "Shelf") -> None:
    """One bundle is registered, one served, one in the ledger; one is young, and one is nobody's."""
    home = newsroom.settings.home
    bundles = {alpha: fitted(alpha)[1] for alpha in (0.1, 0.2, 0.3, 0.4, 0.5)}
    registered, served, told, young, nobodys = (bundle_folder_name(bundle.digest) for bundle in bundles.values())
    for bundle in bundles.values():
        save_bundle(bundle, home / "bundles" / bundle_folder_name(bundle.digest))
    shelf.put(bundles[0.1])
    put_in_charge(home, "2", 0.2)
    store = open_store(newsroom.settings.database)
    entry = LedgerEntry(
        LONG_AGO, "desk", "promote", "kept", None, None, bundles[0.3].digest, "", {"dataset_version": "told"}
    )
    append(store, entry)
    for name in (registered, served, told, nobodys):
        aged(home / "bundles" / name)
    for name in ("test", "told", "planned", "nobodys"):  # "test" is what the registered version was trained on
        folder_of(home / "datasets", name)
    (home / "datasets" / "newest").mkdir()
    folder_of(home / "plans", "old")
    plan = Plan(
        pipeline="run",
        dataset="planned",
        rows={},
        models=ModelConfig(),
        training=TrainingPipeline(),
        created_at=datetime.now(UTC),
    )
    (home / "plans" / plan.id / "plan").mkdir(parents=True)
    (home / "plans" / plan.id / "plan" / MANIFEST).write_text(plan.model_dump_json(), encoding="utf-8")

    would = json.loads(newsroom.run("prune", "--dry-run", "--json").stdout)
    assert (home / "bundles" / nobodys).is_dir()
    did = json.loads(newsroom.run("prune", "--json").stdout)
    assert did == would | {"dry_run": False}
    assert did["bundles"] == [nobodys]
    assert did["datasets"] == ["nobodys"]
    assert did["plans"] == ["old"]
    assert did["freed_bytes"] > 0
    left = {path.name for path in (home / "bundles").iterdir() if path.is_dir()}
    assert left == {registered, served, told, young}
    assert {path.name for path in (home / "datasets").iterdir()} == {"test", "told", "planned", "newest"}
    assert json.loads(newsroom.run("prune", "--json").stdout)["bundles"] == []


def test_old_rows_go_but_feedback_and_what_it_is_about(newsroom: Newsroom) -> None:
    store = open_store(newsroom.settings.database)
    predictions = [prediction(at=LONG_AGO), prediction(at=LONG_AGO), prediction(at=datetime.now(UTC))]
    insert_predictions(store, predictions)
    record_feedback(store, feedback(at=LONG_AGO, prediction_id=predictions[0].id))
    windows = [
        StoredWindow(moment, 3600, "sha256:ab", "", "1", {}, [], "judged") for moment in (LONG_AGO, datetime.now(UTC))
    ]
    save_windows(store, LONG_AGO, 3600, windows)
    did = json.loads(newsroom.run("prune", "--json").stdout)
    assert (did["predictions"], did["windows"]) == (1, 1)
    assert set(column(newsroom.settings.database, "predictions")) == {predictions[0].id, predictions[2].id}
    assert len(column(newsroom.settings.database, "feedback")) == 1
    assert len(read_windows(store, LONG_AGO, 3600)) == 1


def test_old_texts_of_feedback_go_and_it_is_said_how_many_nobody_has_learnt_from(newsroom: Newsroom) -> None:
    home, learnt, not_learnt = newsroom.settings.home, "Rates rise", "Rain is expected until the weekend"
    article = LabelledArticle(id="1", title="", text=learnt, category="business")
    contents = DatasetContents(
        {"train": [("1", article)], "validation": [], "test": []}, [], 0.2, 0.2, 42, TextCleaning()
    )
    dataset = write_dataset(home / "datasets", contents, source="a test", now=LONG_AGO)
    dataset.folder.rename(home / "datasets" / "test")  # as the champion calls what it was trained from
    put_in_charge(home)
    store = open_store(newsroom.settings.database)
    for words in (learnt, not_learnt):
        record_feedback(store, feedback(at=LONG_AGO, text_digest=text_digest(words), text=words))

    would = newsroom.run("prune", "--dry-run").stdout
    assert "2 texts of feedback" in would
    assert "The champion has not learnt from 1 of these texts" in would
    assert "Run newsdesk retrain first" in would
    assert column(newsroom.settings.database, "feedback", "text") == [learnt, not_learnt]
    did = json.loads(newsroom.run("prune", "--json").stdout)
    assert (did["feedback_texts"], did["feedback_texts_not_learnt"]) == (2, 1)
    assert column(newsroom.settings.database, "feedback", "text") == [None, None]
    assert json.loads(newsroom.run("prune", "--json").stdout)["feedback_texts"] == 0


def test_where_the_registry_does_not_answer_nothing_goes(newsroom: Newsroom) -> None:
    home = newsroom.settings.home
    put_in_charge(home)
    nobodys = folder_of(home / "bundles", "0123456789abcdef")
    away = Newsroom(newsroom.folder, {**newsroom.environment, "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}, {})
    assert "does not answer" in away.run("prune", code=1).stderr
    assert nobodys.is_dir()
    shutil.rmtree(nobodys)
