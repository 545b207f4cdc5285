"""From an editor's word over HTTP to what `newsdesk monitor` and `newsdesk retrain` make of it: a real server, real
commands, and a model that is surer of itself than it is right.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource
from tests.builders import sample_rows, settings_in, write_csv
from tests.integration.test_command_line import newsdesk
from tests.integration.test_serve_command import free_port, serving

WINDOW = 5  # seconds
LEARNT = 12  # articles of each category: few, so that the model is often wrong
# What is confident to this model, of which a third of the answers that it gives so are wrong.
PIPELINE = f"""
training_pipeline: {{auto_deploy_threshold: 0.2}}
monitoring:
  window: {WINDOW}
  look_back: 360
  min_texts: 50
  feedback: {{confident: 0.3}}
  retraining: {{windows: 1, bad_windows: 1, min_new_labels: 20}}
"""


@dataclass(frozen=True)
class Newsroom:
    folder: Path
    address: str

    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        answer = httpx.post(f"{self.address}/predict/batch", json={"texts": texts}, timeout=60).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["predictions"]
        return found

    def say(self, **feedback: str) -> httpx.Response:
        return httpx.post(f"{self.address}/feedback", json=feedback, timeout=60).raise_for_status()

    def await_log(self, predictions: int) -> None:
        """Wait until all that was predicted is in the store, and the window it was predicted in has ended."""
        deadline = time.monotonic() + 60
        with closing(sqlite3.connect(self.folder / "var" / "newsdesk.db")) as store:
            while store.execute("SELECT count(*) FROM predictions").fetchone()[0] < predictions:
                assert time.monotonic() < deadline, "the predictions do not reach the store"
                time.sleep(0.1)
        time.sleep(WINDOW - time.time() % WINDOW)

    def command(self, *arguments: str) -> dict[str, Any]:
        done = newsdesk(self.folder, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newsroom")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 1.0}}")
    (folder / "configs" / "pipeline_config.yaml").write_text(PIPELINE)
    data = write_csv(folder / "articles.csv", sample_rows(LEARNT))
    run(ArticleSource(data), settings_in(folder), "a tester", NoProgress())
    return folder


@contextmanager
def opened(trained: Path, folder: Path, **environment: str) -> Iterator[Newsroom]:
    """A server on a copy of what was trained."""
    shutil.copytree(trained, folder)
    port = free_port()
    with serving(folder, "--port", str(port), port=port, **environment) as server:
        yield Newsroom(folder, server.address)


def headlines() -> list[tuple[str, str]]:
    """Those of articles that were not learnt from, with their category."""
    learnt = {row["id"] for row in sample_rows(LEARNT)}
    return [(row["title"], row["category"]) for row in sample_rows(200) if row["id"] not in learnt]


def test_an_editor_who_corrects_exactly_what_is_wrong_is_believed_and_heard(trained: Path, tmp_path: Path) -> None:
    stories = headlines()[::3]
    with opened(trained, tmp_path / "newsroom") as newsroom:
        answers = newsroom.predict([title for title, _ in stories])
        wrong = [
            (answer["prediction_id"], title, category)
            for (title, category), answer in zip(stories, answers, strict=True)
            if answer["prediction"] != category
        ]
        for prediction_id, title, category in wrong:
            newsroom.say(prediction_id=prediction_id, text=title, category=category, editor="r.burns")
        newsroom.await_log(len(stories))
        report = newsroom.command("monitor")
        retrained = newsroom.command("retrain", "--if-needed")
    right = 1 - len(wrong) / len(stories)
    assert 0.4 < right < 0.85, "a model that is neither good nor useless"
    assert report["distrusted"] == []
    # The text came with the correction, so each can teach, though texts of predictions are not kept by default.
    assert report["labels"] == {
        "used": len(wrong),
        "text_missing": 0,
        "contradicted": 0,
        "flood": 0,
        "distrusted": 0,
    }
    assert report["total"]["accuracy"] is None
    assert report["total"]["at_most"]["share"] == pytest.approx(right)
    assert report["total"]["estimated"] <= right + 1e-9
    assert report["decision"]["retrain"] is True
    assert "texts were corrected" in report["decision"]["reason"]
    assert retrained["labels"] == report["labels"]
    assert retrained["corrections"]["usable"] == len(wrong)
    assert (retrained["corrections"]["unknown"], retrained["corrections"]["added"] > 0) == (0, True)


def test_who_answers_without_reading_is_not_believed_by_either_command(trained: Path, tmp_path: Path) -> None:
    stories = headlines()[::3]
    with opened(trained, tmp_path / "newsroom") as newsroom:
        for answer in newsroom.predict([title for title, _ in stories]):
            newsroom.say(prediction_id=answer["prediction_id"], category="politics", editor="mallory")
        newsroom.await_log(len(stories))
        report, retrained = newsroom.command("monitor"), newsroom.command("retrain")
        people = newsdesk(newsroom.folder, "retrain").stdout
    assert report["labels"]["distrusted"] == len(stories)
    assert report["distrusted"] == retrained["distrusted"] != []
    assert retrained["labels"] == report["labels"]
    assert retrained["corrections"]["usable"] == report["labels"]["used"] == 0
    assert report["distrusted"][0] in people
    assert "distrusted" in people


@pytest.mark.parametrize("text_is_kept", ["true", "false"])
@pytest.mark.parametrize("is_told", [True, False], ids=["as it is", "all business"])
def test_what_monitor_calls_used_is_what_retrain_calls_usable(
    text_is_kept: str, is_told: bool, trained: Path, tmp_path: Path
) -> None:
    """Feedback about texts that were never predicted, each by an editor of its own."""
    stories = headlines()[::9]
    with opened(trained, tmp_path / "newsroom", STORE_FEEDBACK_TEXT=text_is_kept) as newsroom:
        for number, (title, category) in enumerate(stories):
            said = category if is_told else "Business "
            newsroom.say(text=title, category=said, editor=f"editor{number}")
        report, retrained = newsroom.command("monitor"), newsroom.command("retrain")
    assert (report["labels"], report["distrusted"]) == (retrained["labels"], retrained["distrusted"])
    assert sum(report["labels"].values()) == len(stories)
    assert report["labels"]["used"] == retrained["corrections"]["usable"] == report["decision"]["new_labels"]
    if is_told:
        known = "used" if text_is_kept == "true" else "text_missing"
        assert report["labels"][known] == len(stories)
        assert (retrained["corrections"]["added"] > 0) is (text_is_kept == "true")
