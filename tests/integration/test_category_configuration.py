"""Categories merged, renamed, left out and pointed out, through the commands that people use."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from newsdesk.articles.dataset import Dataset, read_articles, read_dataset, read_quarantine
from newsdesk.articles.splits import SPLITS
from newsdesk.cli.app import app
from newsdesk.errors import ConfigError, DataError
from tests.builders import sample_rows, write_csv
from tests.integration.in_process import newsdesk, quick_home, told

COUNCIL = [
    {"id": f"c{n}", "title": f"Story {n}", "text": f"The council met on matter {n} today.", "category": "tech"}
    for n in (1, 2)
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_home(tmp_path) as folder:
        yield folder


def configure(folder: Path, text: str) -> None:
    (folder / "configs" / "pipeline_config.yaml").write_text(f"data_pipeline: {{{text}}}", encoding="utf-8")


def rows_as(**said: str) -> list[dict[str, str]]:
    """Rows of the sample whose categories are said otherwise: every second one of `sports` as `sport`."""
    return [
        row | {"category": said.get(row["category"], row["category"]) if number % 2 else row["category"]}
        for number, row in enumerate(sample_rows(12))
    ]


def prepared(folder: Path) -> tuple[Dataset, dict[str, Any]]:
    found = told("prepare")
    return read_dataset(folder / "var" / "datasets" / found["version"]), found


def test_two_rare_rows_do_not_refuse_a_table_and_are_named(folder: Path) -> None:
    write_csv(folder / "news.csv", [*sample_rows(12), *COUNCIL])
    shown = newsdesk("run", "--no-serve", "--data", "news.csv")
    assert "fewer articles than data_pipeline.min_articles_per_category: 'tech' (2)." in shown
    dataset = told("run", "--no-serve", "--data", "news.csv")["dataset"]
    assert dataset["small_categories"] == {"tech": 2}
    assert dataset["quarantined"] == {"small_category": 2}
    aside = read_quarantine(read_dataset(Path(dataset["folder"])))
    assert [(row.id, row.category, row.reasons) for row in aside] == [
        ("c1", "tech", ("small_category",)),
        ("c2", "tech", ("small_category",)),
    ]


def test_whoever_wants_it_so_has_the_table_refused_with_what_can_be_set(folder: Path) -> None:
    configure(folder, "on_small_category: refuse")
    write_csv(folder / "news.csv", [*sample_rows(12), *COUNCIL])
    error = CliRunner().invoke(app, ["run", "--no-serve", "--data", "news.csv"]).exception
    assert isinstance(error, DataError)
    assert "set data_pipeline.on_small_category: leave_out" in str(error)
    assert "data_pipeline.categories.aliases" in str(error)


@pytest.mark.parametrize("small", [2, 1])
def test_a_table_of_small_categories_alone_is_refused(folder: Path, small: int) -> None:
    write_csv(folder / "news.csv", sample_rows(small) if small == 2 else [*sample_rows(1), *COUNCIL * 2])
    error = CliRunner().invoke(app, ["run", "--no-serve", "--data", "news.csv"]).exception
    assert isinstance(error, DataError)
    assert "too few different articles" in str(error)


def test_tables_are_merged_renamed_and_left_out_and_the_manifest_says_so(folder: Path) -> None:
    configure(folder, "categories: {aliases: {SPORT: sports, politics: government}, exclude: [N/A, gossip]}")
    write_csv(folder / "news.csv", [*rows_as(sports="sport"), *[row | {"category": "n/a"} for row in COUNCIL]])
    found = told("run", "--no-serve", "--data", "news.csv")["dataset"]
    changes = {
        "aliases": {"SPORT": "sports", "politics": "government"},
        "exclude": ["N/A", "gossip"],
        "renamed": {"government": {"politics": 12}, "sports": {"sport": 6}},
        "left_out": {"n/a": 2},
        "unused": ["gossip"],
    }
    assert found["category_changes"] == changes
    manifest = json.loads((Path(found["folder"]) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["category_changes"] == changes
    assert (manifest["categories"]["sports"], manifest["categories"]["government"]) == (12, 12)
    assert not {"sport", "politics", "n/a"} & manifest["categories"].keys()
    shown = newsdesk("run", "--no-serve", "--data", "news.csv")
    assert "Nothing is called 'gossip' here" in shown
    assert "'sport' (6) became 'sports'" in shown


def test_labels_in_a_second_file_are_merged_too(folder: Path) -> None:
    configure(folder, "categories: {aliases: {sport: sports}, exclude: [entertainment]}")
    rows = rows_as(sports="Sport")
    write_csv(folder / "news.csv", [{name: row[name] for name in ("id", "title", "text")} for row in rows])
    write_csv(folder / "labels.csv", [{name: row[name] for name in ("id", "category")} for row in rows])
    newsdesk("ingest", "--data", "news.csv", "--labels", "labels.csv")
    _, found = prepared(folder)
    assert found["categories"]["sports"] == 12
    assert not {"Sport", "entertainment"} & found["categories"].keys()


def test_what_was_ingested_follows_the_configuration_there_and_back(folder: Path) -> None:
    write_csv(folder / "news.csv", rows_as(sports="sport"))
    newsdesk("ingest", "--data", "news.csv")
    before, _ = prepared(folder)
    assert (before.manifest.categories["sport"], before.manifest.category_changes) == (6, None)
    configure(folder, "categories: {aliases: {sport: sports}}")
    merged, found = prepared(folder)
    assert (merged.manifest.categories["sports"], found["similar_categories"]) == (12, [])
    (folder / "configs" / "pipeline_config.yaml").unlink()
    assert prepared(folder)[0].version == before.version
    configure(folder, "categories: {exclude: [sport]}")
    without, found = prepared(folder)
    assert found["left_out"] == 6
    assert {row.reasons for row in read_quarantine(without)} == {("excluded_category",)}
    assert {article.category for split in SPLITS for article in read_articles(without, split)} == {
        "business", "entertainment", "politics", "sports", "technology",
    } & without.manifest.categories.keys()  # fmt: skip


def test_what_the_configuration_means_otherwise_since_is_new_to_a_retraining(folder: Path) -> None:
    write_csv(folder / "news.csv", rows_as(sports="sport"))
    newsdesk("run", "--no-serve", "--data", "news.csv")
    assert newsdesk("retrain").startswith("Nothing was trained. There is nothing new to learn from")
    configure(folder, "categories: {aliases: {sport: sports}, exclude: [politics]}")
    done = CliRunner().invoke(app, ["retrain", "--json"])
    found = json.loads(done.stdout)
    assert (found["corrections"]["renamed"], found["corrections"]["removed"]) == (6, 12)
    dataset = read_dataset(Path(found["outcome"]["dataset"]["folder"]))
    assert dataset.manifest.categories == {"business": 12, "entertainment": 12, "sports": 12, "technology": 12}


def test_a_story_that_comes_again_under_an_alias_is_no_new_one_and_no_conflict(folder: Path) -> None:
    configure(folder, "categories: {aliases: {sport: sports}}")
    rows = sample_rows(12)
    write_csv(folder / "first.csv", rows)
    again = [row | {"category": "Sport"} for row in rows if row["category"] == "sports"]
    write_csv(folder / "second.csv", [*rows, *[row | {"id": f"again-{row['id']}"} for row in again]])
    newsdesk("ingest", "--data", "first.csv")
    (second,) = told("ingest", "--data", "second.csv")["tables"]
    assert (second["new"], second["known"], second["quarantined"]) == (0, len(rows), {"duplicate": len(again)})


def test_ingest_prepare_and_run_point_out_what_looks_like_another_with_lines_to_paste(folder: Path) -> None:
    odd = [row | {"category": name} for row, name in zip(COUNCIL, ("N/A", "business;politics"), strict=True)]
    write_csv(folder / "news.csv", [*rows_as(sports="sport", business="BUSINESS"), *odd])
    for command in (("ingest", "--data", "news.csv"), ("prepare",), ("run", "--no-serve", "--data", "news.csv")):
        shown = newsdesk(*command)
        assert "'sport' (6) and 'sports' (6) look like one category." in shown
        assert "'BUSINESS' (6) and 'business' (6) differ by case" in shown
        assert "'N/A' (1) looks like no category." in shown
        assert "'business;politics' (1) looks like several categories in one." in shown
        pasted = shown[shown.index("data_pipeline:\n") :].splitlines()[:6]
        assert [line.strip() for line in pasted[:3]] == ["data_pipeline:", "categories:", "aliases:"]
        assert {line.strip() for line in pasted[3:5]} == {"business: BUSINESS", "sports: sport"}
    kinds = {hint["looks_like"] for hint in told("ingest", "--data", "news.csv")["category_hints"]}
    assert kinds == {"one", "none", "several"}


@pytest.mark.parametrize(
    ("text", "told_of"),
    [
        ("categories: {aliases: {a: b, b: a}}", "aliases.a': it goes in a circle"),
        ("categories: {alias: {a: b}}", "unknown key 'data_pipeline.categories.alias'. Did you mean 'aliases'?"),
        ("categories: {exclude: [[]]}", "data_pipeline.categories.exclude"),
    ],
)
def test_rules_that_cannot_be_stop_every_command_that_reads_a_table(folder: Path, text: str, told_of: str) -> None:
    write_csv(folder / "news.csv", sample_rows(5))
    configure(folder, text)
    for command in (("run", "--no-serve", "--data", "news.csv"), ("ingest", "--data", "news.csv"), ("prepare",)):
        error = CliRunner().invoke(app, command).exception
        assert isinstance(error, ConfigError)
        assert told_of in str(error)
