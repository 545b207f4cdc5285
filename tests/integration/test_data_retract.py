"""An ingested table is taken back: `newsdesk data retract`."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from newsdesk import atomic
from newsdesk.articles.dataset import read_articles, read_dataset
from newsdesk.articles.splits import SPLITS
from newsdesk.cli.app import app
from newsdesk.config.settings import load_settings
from newsdesk.errors import UsageError
from newsdesk.pipeline.batches import read_ingested_batches
from tests.builders import sample_rows, write_csv
from tests.integration.in_process import newsdesk, quick_home, told

ROWS = [row for first in range(20) for row in sample_rows(20)[first::20]]  # of every category in turn
GOOD, SHARED, BAD = ROWS[:60], ROWS[60:70], ROWS[70:]  # of `SHARED` both tables know


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_home(tmp_path) as folder:
        (folder / "var" / "inbox").mkdir(parents=True)
        yield folder


def drop(folder: Path, name: str, rows: list[dict[str, str]]) -> None:
    write_csv(folder / "var" / "inbox" / name, rows)
    newsdesk("ingest")


def stories(folder: Path) -> dict[str, str]:
    """Id → category of all articles in the next dataset."""
    dataset = read_dataset(folder / "var" / "datasets" / told("prepare")["version"])
    return {article.id: article.category for split in SPLITS for article in read_articles(dataset, split)}


def expected(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["id"]: row["category"] for row in rows}


def retract(name: str, *more: str) -> Any:
    return told("data", "retract", name, "--reason", "wrong desk", "--actor", "ada", "--yes", *more)


def test_the_next_dataset_is_without_the_rows_and_those_of_before_stay(folder: Path) -> None:
    drop(folder, "good.csv", GOOD)
    before = stories(folder)
    drop(folder, "bad.csv", BAD)
    with_bad = told("prepare")["version"]
    assert stories(folder) == expected([*GOOD, *BAD])
    newsdesk("plan", "--candidates", "naive_bayes")
    kept = {file: file.read_bytes() for file in (folder / "var" / "datasets" / with_bad).iterdir()}

    done = retract("bad.csv")
    assert (done["removed"], done["kept"], done["status"]) == (len(BAD), 0, "retracted")
    assert stories(folder) == before == expected(GOOD)
    assert told("prepare")["version"] != with_bad
    assert {file: file.read_bytes() for file in (folder / "var" / "datasets" / with_bad).iterdir()} == kept


def test_who_took_it_back_when_and_why_is_recorded_and_listed(folder: Path) -> None:
    drop(folder, "bad.csv", ROWS)
    (listed,) = told("data", "list")
    assert (listed["status"], listed["new"], listed["retractions"]) == ("ingested", len(ROWS), [])
    retract(listed["digest"][:6])
    (listed,) = told("data", "list")
    (retraction,) = listed["retractions"]
    assert (listed["status"], retraction["actor"], retraction["reason"]) == ("retracted", "ada", "wrong desk")
    assert "wrong desk (ada)" in newsdesk("data", "list")
    assert "was retracted before, by ada on" in newsdesk("data", "retract", "bad.csv", "--yes")
    assert told("data", "list") == [listed]


def test_a_story_that_another_table_has_too_stays_until_that_one_goes(folder: Path) -> None:
    drop(folder, "bad.csv", [*BAD, *SHARED])
    drop(folder, "good.csv", [*GOOD, *SHARED])
    done = retract("bad.csv")
    assert (done["removed"], done["kept"]) == (len(BAD), len(SHARED))
    assert stories(folder) == expected([*GOOD, *SHARED])
    drop(folder, "third.csv", [*BAD, *SHARED])
    assert stories(folder) == expected(GOOD + SHARED)  # it is the very table that was retracted
    retract("good.csv")
    newsdesk("ingest", "--data", "var/inbox/third.csv")
    assert stories(folder) == expected([*BAD, *SHARED])


def test_what_an_earlier_table_said_counts_again(folder: Path) -> None:
    wrong = [row | {"category": "business"} for row in SHARED]
    drop(folder, "good.csv", [*GOOD, *SHARED])
    drop(folder, "bad.csv", [*wrong, *BAD])
    assert stories(folder)[SHARED[0]["id"]] == "business"
    retract("bad.csv")
    assert stories(folder) == expected([*GOOD, *SHARED])


def test_without_consent_it_says_what_would_leave_and_changes_nothing(folder: Path) -> None:
    drop(folder, "good.csv", GOOD)
    error = CliRunner().invoke(app, ["data", "retract", "good.csv"]).exception
    assert isinstance(error, UsageError)
    assert f"brought {len(GOOD)} articles that no other table has" in str(error)
    assert "Add --yes" in str(error)
    assert stories(folder) == expected(GOOD)


def test_a_retracted_table_in_the_inbox_says_so_and_how_to_take_it_anyway(folder: Path) -> None:
    drop(folder, "good.csv", GOOD)
    drop(folder, "bad.csv", BAD)
    retract("bad.csv")
    address = str(folder / "var" / "inbox" / "bad.csv")
    for _ in range(2):
        shown = newsdesk("ingest")
        assert f"{address} was retracted by ada on" in shown
        assert f"To take it anyway: newsdesk ingest --data {address}" in shown
    (folder / "var" / "inbox" / "bad.csv").rename(folder / "var" / "inbox" / "copy of bad.csv")
    again = told("ingest")
    assert (again["status"], again["tables"]) == ("nothing", [])
    assert "copy of bad.csv' " not in again["retracted"][0]
    assert again["retracted"][0].endswith("copy of bad.csv'")
    assert stories(folder) == expected(GOOD)

    (taken,) = told("ingest", "--data", str(folder / "var" / "inbox" / "copy of bad.csv"))["tables"]
    assert (taken["status"], taken["new"], [one["actor"] for one in taken["retractions"]]) == (
        "ingested",
        len(BAD),
        ["ada"],
    )
    assert stories(folder) == expected([*GOOD, *BAD])
    assert told("ingest")["retracted"] == []


def test_a_corrected_table_of_the_same_name_is_another_one(folder: Path) -> None:
    drop(folder, "news.csv", [row | {"category": "business"} for row in ROWS[:30]])
    retract("news.csv")
    drop(folder, "news.csv", ROWS)
    assert stories(folder) == expected(ROWS)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nothing.csv", "No table was ingested as 'nothing.csv'. See which were: newsdesk data list."),
        ("news.csv", "'news.csv' was ingested 2 times with other content. Name one by its batch:"),
        ("broken.csv", "broken.csv was refused: nothing of it is in any dataset."),
    ],
)
def test_what_cannot_be_taken_back_is_said(folder: Path, name: str, problem: str) -> None:
    drop(folder, "news.csv", ROWS[:30])
    drop(folder, "news.csv", ROWS)
    write_csv(folder / "broken.csv", [{"nothing": "here"}])
    CliRunner().invoke(app, ["ingest", "--data", "broken.csv"])
    error = CliRunner().invoke(app, ["data", "retract", name, "--yes"]).exception
    assert isinstance(error, UsageError)
    assert problem in str(error)


def test_killed_while_it_writes_nothing_is_changed_and_it_can_be_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "good.csv", GOOD)
    drop(folder, "bad.csv", BAD)
    with monkeypatch.context() as patched:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(atomic, "_put_in_place", killed)
        assert CliRunner().invoke(app, ["data", "retract", "bad.csv", "--yes"]).exit_code != 0
    assert {batch["status"] for batch in told("data", "list")} == {"ingested"}
    retract("bad.csv")
    assert stories(folder) == expected(GOOD)


def test_another_machine_with_a_copy_of_the_table_follows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSDESK_STORAGE", str(folder / "shared"))
    drop(folder, "good.csv", GOOD)
    drop(folder, "bad.csv", BAD)
    shutil.copytree(folder / "var", folder / "other")
    retract("bad.csv")
    monkeypatch.setenv("NEWSDESK_HOME", str(folder / "other"))
    found = told("prepare")
    assert sum(found["counts"].values()) == len(GOOD)


def test_retraining_does_not_learn_from_it_again(folder: Path) -> None:
    drop(folder, "good.csv", GOOD)
    drop(folder, "bad.csv", BAD)
    newsdesk("run", "--no-serve", "--data", str(write_csv(folder / "all.csv", [*GOOD, *BAD])))
    retract("bad.csv")
    more = [row for row in sample_rows(24) if row["id"] not in expected(ROWS)]
    newsdesk("retrain", "--data", str(write_csv(folder / "more.csv", more)))
    newest = max((folder / "var" / "datasets").glob("*/manifest.json"), key=lambda file: file.stat().st_mtime)
    dataset = read_dataset(newest.parent)
    found = {article.id for split in SPLITS for article in read_articles(dataset, split)}
    assert found == expected(GOOD).keys() | expected(more).keys()


def test_what_the_champion_learnt_from_it_is_told_and_retraining_unlearns_it(folder: Path) -> None:
    """Nothing else is new."""
    drop(folder, "good.csv", GOOD)
    drop(folder, "bad.csv", BAD)
    newsdesk("run", "--no-serve", "--data", str(write_csv(folder / "all.csv", [*GOOD, *BAD])))
    assert newsdesk("retrain").startswith("Nothing was trained. There is nothing new to learn from")
    said = newsdesk("data", "retract", "bad.csv", "--yes")
    counted = re.search(r"Champion version 1 learnt from (\d+) of these articles: newsdesk retrain", said)
    assert counted
    assert 0 < int(counted[1]) < len(BAD)  # some of them are in its test set
    retrained = told("retrain")
    assert (retrained["corrections"]["removed"], retrained["outcome"]["gate"]["decision"]) == (len(BAD), "kept")
    dataset = read_dataset(Path(retrained["outcome"]["dataset"]["folder"]))
    found = {article.id for split in SPLITS for article in read_articles(dataset, split)}
    assert found == expected(GOOD).keys()
    assert f"{len(BAD)} gone with retracted tables or excluded categories" in " ".join(newsdesk("retrain").split())


def test_tables_that_an_earlier_version_ingested_are_named_where_they_may_share_a_story(folder: Path) -> None:
    drop(folder, "bad.csv", [*BAD, *SHARED])
    drop(folder, "good.csv", [*GOOD, *SHARED])
    settings = load_settings()
    later = read_ingested_batches(settings).batches[-1]
    (settings.articles / later.digest / "known.parquet").unlink()
    assert retract("bad.csv")["unsure"] == [later.source]


def test_a_batch_that_was_not_retracted_is_written_as_before(folder: Path) -> None:
    drop(folder, "good.csv", GOOD)
    (manifest,) = (folder / "var" / "articles").glob("*/batch.json")
    assert "retractions" not in json.loads(manifest.read_text(encoding="utf-8"))
