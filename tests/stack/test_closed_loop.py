"""The whole loop on news that really changed: the world moves on, the model is found out, retrained and swapped.

HuffPost's categories and subjects of 2012-13 are hardly those of 2017. Each year is replayed as one window of some
seconds.
"""

import csv
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsdesk.text.cleaning import join_title_and_text
from tests.builders import write_csv
from tests.stack.running import Server, serving
from tests.waiting import eventually
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack

WINDOW = 16  # seconds
EDITORS = ("Ada", "Ben", "Cleo")
MODELS = "models: {logistic_regression: {C: 10.0, max_iter: 1000}}\n"
PIPELINE = f"""
data_pipeline: {{max_quarantined_share: 0.5}}
training_pipeline: {{auto_deploy_threshold: 0.3}}
monitoring:
  window: {WINDOW}
  look_back: 60
  feedback: {{max_per_editor_and_day: 5000}}
  retraining: {{windows: 3, bad_windows: 3, cool_down: 600, min_new_labels: 200}}
"""

Row = dict[str, str]


class Desk:
    """A newsroom: its folder, its server, its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "var"
        (folder / "configs").mkdir()
        (folder / "configs" / "model_config.yaml").write_text(MODELS, encoding="utf-8")
        (folder / "configs" / "pipeline_config.yaml").write_text(PIPELINE, encoding="utf-8")

    def newsdesk(self, *arguments: str) -> Any:
        """Run a command with --json, and read what it prints."""
        done = subprocess.run(
            [warm_newsdesk(), *arguments, "--json"],
            cwd=self.folder,
            env=os.environ | {"NEWSDESK_HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Editors review by a key that is vouched for, so that what they say tests the next model, too."""
        scopes = [f"--scope={scope}" for scope in ("predict", "feedback", "monitor")]
        key = self.newsdesk("keys", "create", "cms", "--trusted", *scopes)["key"]
        environment = {"NEWSDESK_CONFIG_DIR": "configs", "STORE_TEXT": "true", "MODEL_REFRESH_INTERVAL": "0.5"}
        with serving(self.folder, self.home, API_AUTH="true", **environment) as server:
            yield replace(server, key=key)


def replay(server: Server, rows: list[Row]) -> None:
    """Send the articles, and what editors say is right, within one window, and wait for its end."""
    if time.time() % WINDOW > WINDOW / 3:
        wait_for_the_next_window()
    with httpx.Client(base_url=server.address, headers=server.headers, timeout=60) as client:
        for start in range(0, len(rows), 100):
            part = rows[start : start + 100]
            texts = [join_title_and_text(row["title"], row["text"]) for row in part]
            answers = client.post("/predict/batch", json={"texts": texts}).raise_for_status().json()["predictions"]
            for row, answer in zip(part, answers, strict=True):
                editor = EDITORS[int(row["id"].rpartition("-")[2]) % len(EDITORS)]
                said = {"prediction_id": answer["prediction_id"], "category": row["category"], "editor": editor}
                client.post("/feedback", json=said).raise_for_status()
    eventually(server.log_is_written, "all predictions are in the store")
    wait_for_the_next_window()


def wait_for_the_next_window() -> None:
    time.sleep(WINDOW - time.time() % WINDOW)


def years(rows: list[Row]) -> dict[str, list[Row]]:
    """Some 200 to 400 articles a year that come after training."""
    by_year = {year: [row for row in rows if row["date"].startswith(year)] for year in ("2014", "2015", "2016", "2017")}
    return by_year | {"2018": [row for row in rows if row["date"].startswith("2018")][::10]}


def newest(report: dict[str, Any]) -> dict[str, Any]:
    """The newest window with predictions."""
    found: dict[str, Any] = report["windows"][-1]
    assert found["predictions"]
    return found


@pytest.fixture
def rows(shared_data: Path) -> list[Row]:
    with (shared_data / "huffpost_dated.csv").open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: (row["date"], row["id"]))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_world_changes_and_the_loop_closes(desk: Desk, rows: list[Row]) -> None:
    early = [row for row in rows if row["date"] < "2014"]
    counts = {row["category"]: sum(other["category"] == row["category"] for other in early) for row in early}
    learnt = [row for i, row in enumerate(early) if counts[row["category"]] >= 10 and i % 4]
    held_out = [row for i, row in enumerate(early) if counts[row["category"]] >= 10 and i % 4 == 0]
    table = write_csv(
        desk.folder / "early.csv", [{key: row[key] for key in ("title", "text", "category")} for row in learnt]
    )
    first = desk.newsdesk("run", "--no-serve", "--data", str(table))["champion"]
    lines = []

    with desk.serving() as server:
        periods = {"2012-13, held out": held_out} | years(rows)
        for name in list(periods)[:4]:
            replay(server, periods[name])
            report = desk.newsdesk("monitor")
            lines.append(told(name, report))
            if name.startswith("2012"):
                calm = newest(report)
                assert calm["state"] in ("none", "too_few")
                assert not report["decision"]["retrain"]
        assert report["decision"]["retrain"], report["decision"]["reason"]
        fallen = newest(report)["accuracy"]["share"]
        assert fallen < calm["accuracy"]["share"] - 0.1
        assert newest(report)["state"] == "confirmed"

        retrained = desk.newsdesk("retrain", "--if-needed")
        second = retrained["outcome"]["champion"]
        assert retrained["outcome"]["gate"]["decision"] == "promoted"
        assert second["digest"] != first["digest"]
        assert desk.newsdesk("retrain", "--if-needed")["outcome"] is None
        eventually(lambda: server.get("/model/info")["version"] == second["version"], "the server swaps")

        for name in list(periods)[4:]:
            replay(server, periods[name])
            report = desk.newsdesk("monitor")
            lines.append(told(name, report))
        recovered = newest(report)["accuracy"]["share"]
    print("\n" + "\n".join(lines))
    print(f"gate: {retrained['outcome']['gate']['reason']}")
    assert recovered > fallen + 0.1


def told(name: str, report: dict[str, Any]) -> str:
    """A line about the newest window."""
    window = newest(report)
    accuracy = window["accuracy"]
    scores = ", ".join(f"{score['feature']} {score['score']:.2f}" for score in window["scores"])
    return (
        f"{name:18} version {window['version']}: accuracy {accuracy['share']:.3f} ({accuracy['low']:.3f} to "
        f"{accuracy['high']:.3f}) of {accuracy['of']}, estimated {window['estimated']:.3f}, drift "
        f"{window['state']} ({scores}); retrain: {report['decision']['retrain']}"
    )
