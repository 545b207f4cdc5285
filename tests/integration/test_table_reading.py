"""Every command that reads a table says how it was read, to people and to machines."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from newsdesk.cli.app import app
from tests.builders import sample_rows, write_csv


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, place in (("NEWSDESK_HOME", "var"), ("NEWSDESK_CONFIG_DIR", "configs")):
        monkeypatch.setenv(name, str(tmp_path / place))
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.5}}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def newsdesk(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def told(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(newsdesk(*arguments, "--json"))
    return found


def huffpost_rows() -> list[dict[str, str]]:
    return [
        {"headline": row["title"], "category": row["category"], "short_description": row["text"], "authors": "x"}
        for row in sample_rows(20)
    ]


COLUMNS = {"title": "headline", "text": "short_description", "category": "category"}
SENTENCES = ["Columns: title from 'headline', text from 'short_description', category.", "Not used: 'authors'."]


def test_run_and_retrain_say_which_column_became_what(folder: Path) -> None:
    write_csv(folder / "news.csv", huffpost_rows())
    first = told("run", "--no-serve", "--data", "news.csv")
    assert first["reading"]["columns"] == {"fields": COLUMNS, "alternatives": {}, "unused": ["authors"]}
    again = newsdesk("run", "--no-serve", "--data", "news.csv")
    assert all(sentence in again for sentence in SENTENCES)

    assert told("retrain", "--data", "news.csv")["reading"]["columns"]["unused"] == ["authors"]
    assert all(sentence in newsdesk("retrain", "--data", "news.csv") for sentence in SENTENCES)


def test_ingest_says_it_of_each_table(folder: Path) -> None:
    write_csv(folder / "news.csv", huffpost_rows())
    write_csv(folder / "other.csv", [row | {"summary": "short"} for row in sample_rows(3)])
    shown = newsdesk("ingest", "--data", "news.csv")
    assert all(sentence in shown for sentence in SENTENCES)
    (table,) = told("ingest", "--data", "other.csv")["tables"]
    assert table["reading"]["columns"]["alternatives"] == {"text": ["summary"]}


def test_every_command_that_reads_a_table_lets_its_columns_be_named(folder: Path) -> None:
    rows = [{"kicker": row["title"], "words": row["text"], "kind": row["category"]} for row in sample_rows(20)]
    write_csv(folder / "odd.csv", rows)
    named = ("--data", "odd.csv", "--text-column", "words", "--title-column", "kicker", "--category-column", "kind")
    fields = {"text": "words", "title": "kicker", "category": "kind"}
    (table,) = told("ingest", *named)["tables"]
    assert table["reading"]["columns"]["fields"] == fields
    assert told("run", "--no-serve", *named)["reading"]["columns"]["fields"] == fields
    assert told("retrain", *named)["reading"]["columns"]["fields"] == fields
