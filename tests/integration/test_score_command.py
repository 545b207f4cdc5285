"""`newsdesk predict` and `newsdesk score`: the answers of /predict without a server, and a killed run that goes on."""

import csv
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from newsdesk.cli.app import app
from newsdesk.errors import RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from tests.builders import sample_rows, settings_in, write_csv
from tests.serving import app_of, call
from tests.unit.registry.shelf import Shelf

ROWS = sample_rows(3)


@pytest.fixture
def home(tmp_path: Path, first: Bundle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a champion, in which commands are called."""
    folder = bundle_folder_name(first.digest)
    save_bundle(first, tmp_path / "var" / "bundles" / folder)
    write_champion_pointer(
        tmp_path / "var" / "bundles", ChampionPointer(version="1", digest=first.digest, bundle=folder)
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path / "var"))
    return tmp_path


def newsdesk(*arguments: str, said: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=said)


def answers_over_http(home: Path, bundle: Bundle, bodies: list[dict[str, str]]) -> list[dict[str, Any]]:
    api = app_of(settings_in(home), Predictor(bundle))
    answers = [call(api, "POST", "/predict", json=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_scores_of_a_file_are_those_of_predict_to_the_last_digit(home: Path, first: Bundle) -> None:
    rows = [*ROWS, {"id": "headline", "title": "", "text": ROWS[0]["title"], "category": ""}]
    write_csv(home / "in.csv", rows)
    done = newsdesk("score", "in.csv", "out.csv")
    assert done.exit_code == 0, done.output
    bodies = [{name: row[name] for name in ("title", "text")} for row in rows]
    for row, answer in zip(read_csv(home / "out.csv"), answers_over_http(home, first, bodies), strict=True):
        (best, highest), (second, next_to_it), *_ = answer["probabilities"].items()
        assert (row["predicted_category"], float(row["confidence"])) == (best, highest)
        assert (row["runner_up"], float(row["runner_up_confidence"])) == (second, next_to_it)
        assert (row["model_version"], row["model_digest"]) == (answer["model_version"], answer["digest"])


def test_texts_on_the_command_line_and_from_standard_input_are_answered_as_by_predict(
    home: Path, first: Bundle
) -> None:
    texts = [row["title"] for row in ROWS]
    expected = answers_over_http(home, first, [{"text": text} for text in texts])
    named = newsdesk("predict", *texts, "--json")
    piped = newsdesk("predict", "-", "--json", said="\n".join(texts) + "\n\n")
    assert (named.exit_code, piped.stdout) == (0, named.stdout)
    for line, answer in zip(named.stdout.splitlines(), expected, strict=True):
        told = json.loads(line)
        assert told["probabilities"] == answer["probabilities"]
        assert (told["prediction"], told["confidence"]) == (answer["prediction"], answer["confidence"])
        assert (told["model_version"], told["digest"]) == (answer["model_version"], answer["digest"])


def test_people_see_a_line_for_each_text_and_why_one_has_no_answer(home: Path) -> None:
    done = newsdesk("predict", ROWS[0]["title"], "short")
    assert done.exit_code == 1
    good, bad = [line for line in done.stdout.splitlines() if "0." in line or "none" in line]
    assert ROWS[0]["title"][:30] in good
    assert "text_too_short" in bad


def test_standard_input_that_is_not_utf_8_is_told_with_its_line(home: Path) -> None:
    done = newsdesk("predict", "-", "--json", said=f"{ROWS[0]['title']}\n".encode() + b"caf\xe9 prices rise again\n")
    assert len(done.stdout.splitlines()) == 1
    assert "Line 2 of standard input is not UTF-8" in str(done.exception)


def test_a_version_is_asked_by_its_number(shelf: Shelf, home: Path, first: Bundle, second: Bundle) -> None:
    shelf.put(first)
    shelf.put(second)
    told = json.loads(newsdesk("predict", ROWS[0]["title"], "--json", "--version", "2").stdout)
    assert (told["model_version"], told["digest"]) == ("2", second.digest)
    write_csv(home / "in.csv", ROWS)
    assert newsdesk("score", "in.csv", "out.csv", "--version", "2").exit_code == 0
    assert {row["model_digest"] for row in read_csv(home / "out.csv")} == {second.digest}
    unknown = newsdesk("predict", "The striker scored", "--version", "9")
    assert isinstance(unknown.exception, RegistryError)


def test_nothing_of_it_is_remembered(home: Path) -> None:
    write_csv(home / "in.csv", ROWS)
    before = set((home / "var").rglob("*"))
    assert newsdesk("score", "in.csv", "out.csv").exit_code == 0
    assert newsdesk("predict", ROWS[0]["title"]).exit_code == 0
    assert set((home / "var").rglob("*")) == before


def test_people_and_machines_are_told_what_was_scored_and_what_was_not(home: Path) -> None:
    short = {"id": "1", "title": "", "text": "short", "category": ""}
    write_csv(home / "in.csv", [*ROWS, short])
    told = json.loads(newsdesk("score", "in.csv", "out.jsonl", "--json").stdout)
    assert (told["rows"], told["scored"]) == (len(ROWS) + 1, len(ROWS))
    assert told["not_scored"] == {
        "text_too_short": {"rows": 1, "first": [{"file": "in.csv", "row": len(ROWS) + 2}]},
    }
    shown = newsdesk("score", "in.csv", "out.csv").stdout
    assert f"Scored {len(ROWS)} of {len(ROWS) + 1} rows" in shown
    assert f"in.csv row {len(ROWS) + 2}" in shown
    write_csv(home / "short.csv", [short])
    assert newsdesk("score", "short.csv", "short.jsonl").exit_code == 1


def test_a_killed_run_leaves_nothing_that_looks_finished_and_is_gone_on_with(home: Path) -> None:
    rows = [{"n": str(n), "text": f"{ROWS[n % len(ROWS)]['title']} {n}"} for n in range(12_000)]
    write_csv(home / "in.csv", rows)
    draft, out = home / ".out.csv.answers", home / "out.csv"
    until = random.Random(20261130).randrange(50_000, 400_000)  # bytes of answers
    command = [sys.executable, "-m", "newsdesk", "score", "in.csv", "out.csv", "--json"]
    with subprocess.Popen(command, cwd=home, env=os.environ, stderr=subprocess.DEVNULL) as killed:
        deadline = time.monotonic() + 100
        while not (draft.exists() and draft.stat().st_size > until):
            assert killed.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        killed.kill()
    assert not out.exists()
    told = json.loads(newsdesk("score", "in.csv", "out.csv", "--json").stdout)
    assert told["rows"] == told["scored"] == len(rows)
    assert 0 < told["continued"] < len(rows)
    found = read_csv(out)
    assert [row["n"] for row in found] == [row["n"] for row in rows]
    predictor = Predictor(_bundle_in(home))
    for row in random.Random(1).sample(found, 200):
        expected = predictor.predict(row["text"])
        assert (row["predicted_category"], float(row["confidence"])) == (expected.category, expected.confidence)
    assert sorted(path.name for path in home.iterdir()) == ["in.csv", "out.csv", "var"]


def _bundle_in(home: Path) -> Bundle:
    from newsdesk.registry.champion import find_champion

    return find_champion(settings_in(home)).bundle
