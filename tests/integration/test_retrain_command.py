"""Retraining on what editors said, from feedback in the store to the champion that has learnt from it."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsdesk.articles.dataset import read_articles, read_dataset
from newsdesk.articles.story import story_key
from newsdesk.config.settings import Settings
from newsdesk.errors import DataError
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.page.window_totals import total
from newsdesk.pipeline.monitor import monitor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.retrain import RetrainRequest, RetrainResult, retrain
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.champion import find_champion
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.ledger import entries
from newsdesk.store.pipeline_runs import PipelineRun, newest_run
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import text_digest
from newsdesk.text.cleaning import join_title_and_text
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv
from tests.integration.test_command_line import newsdesk
from tests.unit.store.rows import feedback, prediction

PIPELINE = """
training_pipeline: {auto_deploy_threshold: 0.3, model_comparison_threshold: 0.01}
monitoring:
  min_texts: 10
  retraining: {windows: 1, bad_windows: 1, min_new_labels: 10}
"""
PLACES = ["coast", "valley", "islands", "capital", "plain", "mountains", "delta", "north", "south", "east"]
PLACES += ["river", "lakes", "hills", "border", "harbour", "suburbs", "highlands", "bay", "forest", "moors"]
WEATHER = [
    f"{sky} over the {place}: the forecasters of the weather service expect {much} rain and wind until the weekend."
    for sky, much in (("Clouds", "little"), ("Thunderstorms", "heavy"), ("Fog", "some"))
    for place in PLACES
]


@dataclass(frozen=True)
class Newsroom:
    """A folder in which a model was trained that has never heard of the weather."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder)

    def say(self, category: str, texts: list[str], *, keep_texts: bool = True) -> None:
        """Let editors say now of what texts of an hour ago are; the champion took them for something else."""
        champion, store, now = find_champion(self.settings), open_store(self.settings.database), datetime.now(UTC)
        for text in texts:
            answer = prediction(
                at=now - timedelta(hours=1),
                digest=champion.bundle.digest,
                model_version=champion.version,
                category="politics",
                confidence=0.6,
                text_digest=text_digest(text),
                text=text if keep_texts else None,
            )
            insert_predictions(store, [answer])
            record_feedback(
                store, feedback(at=now, prediction_id=answer.id, category=category, caller="cms", trusted=True)
            )

    def retrain(self, *, if_needed: bool = False, data: Path | None = None) -> RetrainResult:
        return retrain(RetrainRequest("a tester", if_needed, data=data), self.settings, NoProgress())

    @property
    def newest(self) -> PipelineRun | None:
        return newest_run(open_store(self.settings.database), "retrain")

    @property
    def champion(self) -> str:
        return find_champion(self.settings).version


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newsroom")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS)
    (folder / "configs" / "pipeline_config.yaml").write_text(PIPELINE)
    data = write_csv(folder / "articles.csv", sample_rows(40))
    run(ArticleSource(data), settings_in(folder), "a tester", NoProgress())
    return folder


@pytest.fixture
def newsroom(trained: Path, tmp_path: Path) -> Newsroom:
    """A copy of its own: artifacts of MLflow stay where they were, and are read from there."""
    return Newsroom(Path(shutil.copytree(trained, tmp_path / "newsroom")))


def test_what_editors_said_is_learnt_once_the_monitoring_pass_asks_for_it(newsroom: Newsroom) -> None:
    before = find_champion(newsroom.settings).bundle
    newsroom.say("weather", WEATHER)
    assert monitor(newsroom.settings, NoProgress()).report.decision.retrain

    done = newsroom.retrain(if_needed=True)

    assert done.outcome is not None
    assert done.outcome.judged.verdict.decision == "promoted"
    assert [candidate.name for candidate in done.outcome.trained.candidates] == [before.manifest.model_name]
    after = find_champion(newsroom.settings)
    assert after.version == "2"
    assert Predictor(after.bundle).predict("Heavy rain is expected by the weather service").category == "weather"
    assert done.corrected is not None
    assert done.corrected.counts() == {
        "usable": 60,
        "added": 60,
        "relabelled": 0,
        "unknown": 0,
        "left_out": 0,
        "beyond_share": 0,
        "held_back": 0,
        "renamed": 0,
        "removed": 0,
    }

    evidence = entries(open_store(newsroom.settings.database))[-1].evidence["retraining"]
    assert (evidence["mode"], evidence["corrections"]["added"]) == ("refresh", 60)
    assert evidence["reason"] == done.reason
    assert done.reason.startswith(
        "1 of the newest 1 judged windows are bad, in the newest accuracy is lost (0.0% of 60"
    )

    newest = newsroom.newest
    assert newest is not None
    assert (newest.status, newest.detail["version"], newest.detail["decision"]) == ("succeeded", "2", "promoted")
    assert newest.rows["kept"] == sum(done.outcome.prepared.dataset.manifest.counts.values())

    again = newsroom.retrain(if_needed=True)
    assert (again.outcome, newsroom.champion, newsroom.newest) == (None, "2", newest)
    assert again.reason == "There was no monitoring pass since the last retraining: newsdesk monitor."
    monitor(newsroom.settings, NoProgress())
    assert (newsroom.retrain(if_needed=True).outcome, newsroom.newest) == (None, newest)


def test_nothing_that_the_champion_learnt_from_is_what_its_successor_is_measured_on(newsroom: Newsroom) -> None:
    datasets = newsroom.settings.datasets
    old = read_dataset(datasets / find_champion(newsroom.settings).bundle.manifest.dataset_version)
    learnt = {story_key(article) for split in ("train", "validation") for article in read_articles(old, split)}  # type: ignore[arg-type]
    # Whoever changes the seed later does not mix them either.
    config = newsroom.folder / "configs" / "pipeline_config.yaml"
    config.write_text(PIPELINE.replace("{auto", "{random_seed: 7, auto"))
    newsroom.say("weather", WEATHER)
    done = newsroom.retrain()
    assert done.outcome is not None
    new = done.outcome.prepared.dataset
    tested = {story_key(article) for article in read_articles(new, "test")}
    assert not tested & learnt
    assert {story_key(article) for article in read_articles(old, "test")} <= tested
    assert len(learnt) == old.manifest.counts["train"] + old.manifest.counts["validation"]


def test_without_anything_new_nothing_is_trained(newsroom: Newsroom) -> None:
    newsroom.say("weather", WEATHER, keep_texts=False)
    done = newsroom.retrain()
    assert done.outcome is None
    assert done.reason.startswith("There is nothing new to learn from: 0 usable corrections; 0 articles added")
    assert "60 more about texts that are not kept (send the text with the feedback" in done.reason
    assert done.labels is not None
    assert done.labels.states == {"text_missing": 60}
    assert newsroom.newest is not None
    assert newsroom.newest.status == "skipped"


def test_labels_without_their_texts_measure_but_are_no_reason_to_retrain(newsroom: Newsroom) -> None:
    newsroom.say("weather", WEATHER, keep_texts=False)
    report = monitor(newsroom.settings, NoProgress()).report
    assert report.labels == {"text_missing": 60}
    assert total(report.windows).wrong == 60
    assert (report.decision.retrain, report.decision.new_labels, report.decision.new_without_text) == (False, 0, 60)
    assert report.decision.reason.endswith(
        "but there are 0 new labels: 10 are needed. 60 more labels can teach nothing, for their texts are not kept: "
        "send the text with the feedback."
    )
    done = newsroom.retrain(if_needed=True)
    assert (done.outcome, done.reason) == (None, report.decision.reason)


def test_a_label_on_an_article_of_the_dataset_can_teach_though_its_text_is_not_kept(newsroom: Newsroom) -> None:
    articles = sample_rows(40)[:20]
    newsroom.say("weather", [article["text"] for article in articles[::2]], keep_texts=False)
    newsroom.say(
        "weather",
        [join_title_and_text(article["title"], article["text"]) for article in articles[1::2]],
        keep_texts=False,
    )
    report = monitor(newsroom.settings, NoProgress()).report
    assert (report.labels, report.decision.new_labels) == ({"used": 20}, 20)


def test_a_label_can_teach_once_its_text_is_sent(newsroom: Newsroom) -> None:
    newsroom.say("weather", WEATHER, keep_texts=False)
    store, now = open_store(newsroom.settings.database), datetime.now(UTC)
    for text in WEATHER[:10]:
        said = feedback(
            at=now, text_digest=text_digest(text), text=text, category="weather", caller="cms", trusted=True
        )
        record_feedback(store, said)
    labels = monitor(newsroom.settings, NoProgress()).report.labels
    assert labels == newsroom.retrain().labels.states == {"used": 10, "text_missing": 50}  # type: ignore[union-attr]


def test_without_a_monitoring_pass_nobody_asks_for_it(newsroom: Newsroom) -> None:
    done = newsroom.retrain(if_needed=True)
    assert (done.outcome, done.reason) == (None, "There was no monitoring pass yet: newsdesk monitor.")
    assert newsroom.newest is None


def test_a_dataset_that_is_gone_is_told_and_can_be_given_again(newsroom: Newsroom) -> None:
    shutil.rmtree(newsroom.settings.datasets)
    with pytest.raises(DataError, match=r"is gone\. Give the articles again: newsdesk retrain --data FILE"):
        newsroom.retrain()
    assert newsroom.newest is not None
    assert (newsroom.newest.status, newsroom.newest.detail["error"]) == ("refused", "data")
    done = newsroom.retrain(data=newsroom.folder / "articles.csv")
    assert done.outcome is not None
    assert done.outcome.judged.verdict.decision in ("unchanged", "kept")


def test_the_command_tells_machines_and_people_what_it_did(newsroom: Newsroom) -> None:
    newsroom.say("weather", WEATHER)
    done = newsdesk(newsroom.folder, "retrain", "--mode", "full", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["reason"], told["corrections"]["added"]) == ("It was asked for by hand.", 60)
    assert len(told["outcome"]["candidates"]) == 4
    assert told["outcome"]["champion"]["version"] == "2"
    again = newsdesk(newsroom.folder, "retrain")
    assert (again.returncode, again.stdout.startswith("Nothing was trained. There is nothing new")) == (0, True)
