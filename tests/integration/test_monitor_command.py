"""`newsdesk monitor`, the real command on a SQLite store."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.model.profile_builder import add_profile
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.store.feedback import record_feedback
from newsdesk.store.pipeline_runs import newest_run
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import PredictionRecord, text_digest
from newsdesk.text.language import guess_language
from tests.builders import sample_texts
from tests.unit.store.rows import feedback, prediction, store_at
from tests.warm import warm_newsdesk

TEXTS, CATEGORIES = sample_texts(40)
WINDOW = timedelta(hours=1)


def monitor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm_newsdesk(), "monitor", *arguments],
        cwd=folder,
        env=os.environ | {"NEWSDESK_HOME": str(folder / "var")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def put_in_charge(folder: Path, bundle: Bundle, texts: list[str] = TEXTS) -> Bundle:
    """The bundle as champion, with these texts as its reference: by default those of the sample corpus."""
    profiled = add_profile(bundle, texts)
    name = bundle_folder_name(profiled.digest)
    save_bundle(profiled, folder / "var" / "bundles" / name)
    write_champion_pointer(
        folder / "var" / "bundles", ChampionPointer(version="7", digest=profiled.digest, bundle=name)
    )
    return profiled


def answers(bundle: Bundle, start: datetime, numbers: list[int], suffix: str = "") -> list[PredictionRecord]:
    """Answers to some texts of the sample corpus, in the window from `start` on."""
    predictor, records = Predictor(bundle), []
    for number in numbers:
        text = TEXTS[number] + suffix
        answer, traits = predictor.predict(text), predictor.text_stats(text)
        records.append(
            prediction(
                at=start + timedelta(seconds=number),
                model_version="7",
                digest=bundle.digest,
                category=answer.category,
                confidence=answer.confidence,
                text_length=len(text),
                text_digest=text_digest(text),
                known_share=traits.known_share,
                language=guess_language(text),
                terms=traits.terms,
            )
        )
    return records


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, first: Bundle) -> Path:
    """Three windows that ended: all texts of the corpus, a few, and those of one category alone, with feedback."""
    folder = tmp_path_factory.mktemp("desk")
    bundle = put_in_charge(folder, first)
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 2 * WINDOW
    one_category = [number for number, category in enumerate(CATEGORIES) if category == CATEGORIES[0]]
    again = [answers(bundle, newest, one_category, suffix) for suffix in ("", " a", " b", " c")]
    with store_at(folder / "var" / "newsdesk.db") as store:
        insert_predictions(store, answers(bundle, newest - 2 * WINDOW, [*range(len(TEXTS))]))
        insert_predictions(store, answers(bundle, newest - WINDOW, [*range(10)]))
        for records in again:
            insert_predictions(store, records)
        for record in again[3]:
            record_feedback(store, feedback(prediction_id=record.id, category=CATEGORIES[0], at=record.at))
    return folder


def report_of(folder: Path) -> dict[str, Any]:
    done = monitor(folder, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_machines_read_json_and_a_second_pass_finds_the_same(desk: Path) -> None:
    found, again = report_of(desk), report_of(desk)
    assert found.pop("at") < again.pop("at")
    assert found == again
    assert (found["version"], found["test_accuracy"]) == ("7", 0.9)
    assert [window["state"] for window in found["windows"]][:2] == ["none", "too_few"]
    assert [window["texts"] for window in found["windows"]] == [200, 10, 160]
    newest = found["newest_judged"]
    assert newest == found["windows"][-1]
    assert newest["state"] in ("suspected", "confirmed")
    assert "category_mix" in [score["feature"] for score in newest["scores"] if score["detected"]]
    assert newest["labelled"] == found["labels"]["text_missing"] == 40
    assert newest["accuracy"]["share"] == newest["per_class"][CATEGORIES[0]]["right"] / 40
    assert datetime.fromisoformat(newest["end"]) - datetime.fromisoformat(newest["start"]) == WINDOW
    assert found["decision"]["retrain"] is False
    assert found["headline"]["level"] in ("watch", "bad")


def test_people_read_tables_and_the_decision_and_drift_is_no_failure(desk: Path) -> None:
    done = monitor(desk)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\nDrift (suspected|confirmed) in the window that ended at .*: category mix", done.stdout)
    assert "Champion: version 7, test" in done.stdout
    assert re.search(r"category mix +0\.\d{3} +0\.1 +< 0\.0001 +drift ", done.stdout)
    assert "Newest 3 of 3 windows of 1 hour with predictions" in done.stdout
    assert re.search(r"^ *text_missing +40 ", done.stdout, flags=re.MULTILINE)
    assert "No retraining for now: " in done.stdout
    assert "Counting 48 windows" in done.stderr
    assert not any(text[:60] in done.stdout for text in TEXTS)


def test_the_page_is_printed_alone_and_written_whole(desk: Path) -> None:
    printed = monitor(desk, "--html", "-")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.startswith("<!DOCTYPE html>")
    assert printed.stdout.endswith("</html>\n")
    written = monitor(desk, "--html", "pages/monitor.html", "--json")
    assert json.loads(written.stdout)["version"] == "7"
    page = (desk / "pages" / "monitor.html").read_text(encoding="utf-8")
    assert [file.name for file in (desk / "pages").iterdir()] == ["monitor.html"]
    assert without_times(page) == without_times(printed.stdout)
    assert not any(text[:60] in page for text in TEXTS)


def without_times(page: str) -> str:
    return re.sub(r"pass that ended [^,]*,", "", page)


def test_a_champion_that_nobody_asked_is_no_failure(tmp_path: Path, first: Bundle) -> None:
    put_in_charge(tmp_path, first)
    done = monitor(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Nothing to watch yet: the champion made no prediction in the last 2 days." in done.stdout


def test_without_a_champion_it_fails_in_one_sentence_and_the_store_remembers(tmp_path: Path) -> None:
    done = monitor(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("newsdesk: There is no champion to watch")
    with store_at(tmp_path / "var" / "newsdesk.db") as store:
        run = newest_run(store, "monitor")
    assert run is not None
    assert (run.status, run.detail) == ("failed", {"error": "no_champion"})


def test_one_output_cannot_hold_both(tmp_path: Path) -> None:
    done = monitor(tmp_path, "--json", "--html", "-")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "usage"
    assert "Give --html a file." in done.stderr


def test_drift_that_a_small_test_set_cannot_confirm_is_told_so(tmp_path: Path, first: Bundle) -> None:
    bundle = put_in_charge(tmp_path, first, TEXTS[::20])
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 2 * WINDOW
    one_category = [number for number, category in enumerate(CATEGORIES) if category == CATEGORIES[0]]
    with store_at(tmp_path / "var" / "newsdesk.db") as store:
        for suffix in ("", " zyx qwv", " qwv zyx"):
            insert_predictions(store, answers(bundle, start, one_category, suffix))
    window = report_of(tmp_path)["newest_judged"]
    assert window["left_out"] == {"domain_classifier": "10 texts in the model's test set, 20 needed"}
    shown = monitor(tmp_path).stdout
    assert re.search(r"domain classifier +– +– +– +left out +10 texts in the model's test set, 20 needed", shown)
    assert window["state"] == "suspected"
    assert "cannot be confirmed: the domain classifier was left out (10 texts" in shown
