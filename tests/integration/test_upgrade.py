"""An upgrade: what an earlier build has trained, decided, answered and backed up is good for this one.

The home is made by the earlier build itself: the sample's model, a second one in charge, predictions with what editors
said of them, a monitoring pass, a backup. Each test begins with that home as it was left.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from newsdesk.articles.dataset import SPLITS, read_articles, read_dataset
from newsdesk.config.settings import Settings
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.store.revisions import revisions
from tests.builders import sample_rows, write_csv
from tests.integration.builds import EARLIER, ROOT, Build, is_in_history, unpack
from tests.stack.running import Server, column
from tests.waiting import eventually

MODELS = """
models:
  logistic_regression: {C: 10.0}
  naive_bayes: {alpha: 1.0}
"""
PIPELINE = """
training_pipeline: {auto_deploy_threshold: 0.3, model_comparison_threshold: 0.0}
monitoring:
  min_texts: 10
  retraining: {windows: 1, bad_windows: 1, min_new_labels: 10}
"""
PLACES = ["coast", "valley", "islands", "capital", "plain", "mountains", "delta", "north", "south", "east"]
WEATHER = [
    f"{sky} over the {place}: the forecasters of the weather service expect {much} rain and wind until the weekend."
    for sky, much in (("Clouds", "little"), ("Thunderstorms", "heavy"), ("Fog", "some"))
    for place in PLACES
]
TEXTS = [f"{row['title']}. {row['text']}" for row in sample_rows(4)] + WEATHER[:5] + ["zzzz qqqq xxxx wwww"]
EDITORS = ("r.burns", "m.okafor")
FINE = 10  # texts that editors find sorted well


@dataclass(frozen=True)
class Home:
    """What the earlier build left, and what it said last; `answers` and `digests` by version; `build` is this one."""

    build: Build
    settings: Settings
    archive: Path
    answers: dict[str, list[dict[str, Any]]]
    digests: dict[str, str]
    feedback: set[str]

    def answers_as_before(self, server: Server, version: str) -> None:
        info = server.get("/model/info")
        assert (info["version"], info["digest"]) == (version, self.digests[version])
        assert answers(server) == self.answers[version]

    def column(self, table: str) -> set[str]:
        return {str(key) for key in column(self.settings.database, table)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    if not is_in_history(EARLIER):
        pytest.skip(f"this clone is shallow: it does not know commit {EARLIER}, whose home would be upgraded")
    folder = tmp_path_factory.mktemp("upgrade")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(MODELS, encoding="utf-8")
    (folder / "configs" / "pipeline_config.yaml").write_text(PIPELINE, encoding="utf-8")
    write_csv(folder / "morning.csv", sample_rows(60))
    settings = {
        "NEWSDESK_HOME": str(folder / "var"),
        "NEWSDESK_CONFIG_DIR": str(folder / "configs"),
        "NEWSDESK_BACKUPS": str(folder / "backups"),
        "STORE_TEXT": "true",
        "MODEL_REFRESH_INTERVAL": "1",
    }
    earlier = Build(unpack(EARLIER, folder / "earlier"), folder, settings)
    earlier.run("run --no-serve")
    said: dict[str, list[dict[str, Any]]] = {}
    digests: dict[str, str] = {}
    with earlier.serving() as server:
        remember(server, said, digests)
        earlier.run(
            "ingest --data morning.csv",
            "prepare",
            "plan --candidates naive_bayes",
            "train --plan {plan} --candidate naive_bayes",
            "evaluate --plan {plan}",
            "promote --plan {plan}",
            "models promote 2 --reason tried",
        )
        eventually(lambda: server.get("/model/info")["version"] == "2", "the earlier server follows")
        remember(server, said, digests)
        feedback = told_by_editors(server)
        eventually(server.log_is_written, "the log is written")
    earlier.run("monitor", "backup")
    (archive,) = (folder / "backups").iterdir()
    (folder / "var").rename(folder / "left")
    assert said["1"] != said["2"]
    this = Build(ROOT / "src", folder, settings)
    return Home(this, Settings.model_validate(settings), archive, said, digests, feedback)


@pytest.fixture
def home(made: Home) -> Iterator[Home]:
    """As it was left, at the same place: MLflow's addresses of artifacts are absolute."""
    shutil.copytree(made.build.folder / "left", made.settings.home)
    yield made
    shutil.rmtree(made.settings.home)


def answers(server: Server) -> list[dict[str, Any]]:
    """What it says about the texts, without what differs from one request to the next."""
    predictions = server.post("/predict/batch", json={"texts": TEXTS}).json()["predictions"]
    return [{name: one[name] for name in ("prediction", "probabilities")} for one in predictions]


def remember(server: Server, said: dict[str, list[dict[str, Any]]], digests: dict[str, str]) -> None:
    info = server.get("/model/info")
    said[info["version"]], digests[info["version"]] = answers(server), info["digest"]


def told_by_editors(server: Server) -> set[str]:
    """Editors agree: some texts are about the weather, others were sorted well. The ids of what they said."""
    ids = set()
    for text in [*WEATHER, *TEXTS[:FINE]]:
        answer = server.post("/predict", json={"text": text}).json()
        category = "weather" if text in WEATHER else answer["prediction"]
        for editor in EDITORS:
            body = {"prediction_id": answer["prediction_id"], "category": category, "editor": editor}
            said = server.post("/feedback", json=body)
            assert said.status_code == 201, said.text
            ids.add(said.json()["feedback_id"])
    return ids


def test_a_server_answers_as_the_one_before_the_upgrade_and_follows_a_rollback(home: Home) -> None:
    with home.build.serving() as server:
        home.answers_as_before(server, "2")
        assert server.is_healthy(), server.problem()
        done, asked = home.build.behind_a_proxy().told("models rollback", f"smoke-test --url {server.address}")
        assert (done["from"], done["champion"], done["digest"]) == ("2", "1", home.digests["1"])
        assert asked["version"] == "1"
        home.answers_as_before(server, "1")
        said = server.post("/feedback", json={"text": WEATHER[0], "category": "weather", "editor": "new"})
        assert said.status_code == 201
    assert home.feedback < home.column("feedback")


def test_what_was_registered_planned_and_decided_is_known_and_not_done_again(home: Home) -> None:
    listed, ledger, promoted, ingested, ledger_then = home.build.told(
        "models list", "models ledger", "promote --plan {plan}", "ingest --data morning.csv", "models ledger"
    )
    versions = {version["version"]: version for version in listed}
    assert {number: version["digest"] for number, version in versions.items()} == home.digests
    assert "champion" in versions["2"]["aliases"]
    assert all(version["accuracy"] > 0.5 and version["dataset_version"] for version in versions.values())
    assert ledger[0]["evidence"]["accuracy"] == versions["1"]["accuracy"]
    assert (ledger[0]["to_version"], ledger[-1]["to_version"]) == ("1", "2")
    assert promoted["version"] == "2"
    assert ingested["new"] == 0
    assert ledger_then == ledger


def test_every_bundle_can_be_verified_and_every_dataset_read(home: Home) -> None:
    for digest in home.digests.values():
        bundle = load_bundle(home.settings.bundles / digest.removeprefix("sha256:")[:16])
        assert bundle.digest == digest
        assert len(Predictor(bundle).predict_proba(TEXTS)) == len(TEXTS)
    folders = [path for path in home.settings.datasets.iterdir() if (path / "manifest.json").is_file()]
    assert len(folders) == 2
    for folder in folders:
        dataset = read_dataset(folder)
        assert {split: len(read_articles(dataset, split)) for split in SPLITS} == dataset.manifest.counts


def test_what_editors_said_before_counts_and_is_learnt(home: Home) -> None:
    report, retrained, listed = home.build.told("monitor", "retrain", "models list")
    assert report["version"] == "2"
    assert report["labels"]["used"] == len(WEATHER) + FINE
    assert report["by_version"]["2"]["labelled"] == report["labels"]["used"]
    assert retrained["corrections"]["added"] == len(WEATHER) + FINE
    assert retrained["outcome"]["gate"]["decision"] in ("promoted", "kept")
    assert [version["version"] for version in listed] == ["3", "2", "1"]


def test_the_store_is_migrated_once_and_loses_nothing_and_the_doctor_is_content(home: Home) -> None:
    before = {table: home.column(table) for table in ("predictions", "feedback", "promotion_ledger", "pipeline_runs")}
    assert all(before.values())
    groups = " ".join(f"--only {name}" for name in ("database", "registry", "champion", "backups"))
    migrated, again, status, examined = home.build.told(
        "store migrate", "store migrate", "store status", f"doctor {groups}"
    )
    assert migrated["after"] == revisions()[-1].id
    assert again["steps"] == []
    assert status["condition"] == "current"
    assert {table: home.column(table) for table in before} == before
    assert [finding for finding in examined["findings"] if finding["level"] != "ok"] == []


def test_a_backup_from_before_the_upgrade_is_restored(home: Home) -> None:
    shutil.rmtree(home.settings.home)
    verified, _, listed = home.build.run(
        f"backup --verify {home.archive} --json", f"restore {home.archive}", "models list --json"
    )
    assert json.loads(verified)["whole"]
    assert {version["version"]: version["digest"] for version in json.loads(listed)} == home.digests
    with home.build.serving() as server:
        home.answers_as_before(server, "2")
    assert home.column("feedback") == home.feedback
