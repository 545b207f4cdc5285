"""Files of other tools through the doors people use; `tests/unit/articles/test_zoo.py` reads all of them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from newsdesk.cli.app import app
from tests.zoo.making import FOLDER
from tests.zoo.stories import STORIES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ingest(*arguments: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["ingest", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    tables: list[dict[str, Any]] = json.loads(done.stdout)["tables"]
    return tables


@pytest.mark.parametrize(
    "name",
    [
        "kaggle-news-category-v3.json",
        "newsapi.json",
        "pandas-gzip.csv.gz",
        "kaggle-archive.zip",
        "libreoffice.xls",
        "polars.arrow",
        "datasets-classes.parquet",
        "excel-unicode-text.txt",
        "fasttext.txt",
        "label-studio.json",
    ],
)
def test_a_file_of_another_tool_is_ingested_untouched(folder: Path, name: str) -> None:
    (batch,) = ingest("--data", str(FOLDER / name))

    assert (batch["status"], batch["rows"], batch["new"]) == ("ingested", len(STORIES), len(STORIES))


def test_the_inbox_takes_them_and_their_labels_and_leaves_what_lies_beside(folder: Path) -> None:
    inbox = folder / "var" / "inbox"
    inbox.mkdir(parents=True)
    shutil.copy(FOLDER / "newsapi-with-labels.json", inbox / "may.json")
    labels = [{"id": story.id, "category": story.category} for story in STORIES]
    (inbox / "may.labels.json").write_text(json.dumps(labels), encoding="utf-8")
    shutil.copy(FOLDER / "kaggle-archive.zip", inbox / "june.zip")
    (inbox / "README.txt").write_text("What lies here is news.", encoding="utf-8")

    assert [(Path(b["source"]).name, b["status"], b["rows"]) for b in ingest()] == [
        ("june.zip", "ingested", 12),
        ("may.json", "ingested", 12),
    ]


def test_what_was_derived_from_the_layout_is_told(folder: Path) -> None:
    done = CliRunner().invoke(app, ["ingest", "--data", str(FOLDER / "prodigy-binary.jsonl")])

    assert done.exit_code == 0, done.output
    assert "Prodigy's answers: the category is what was accepted." in done.stdout
