"""Every command that reads a table says how it was read, to people and to machines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from newsdesk.articles.parquet_files import read_articles
from newsdesk.cli.app import app
from tests.builders import sample_rows, write_csv
from tests.integration.in_process import newsdesk, quick_home, told
from tests.unit.articles.readers.test_excel import workbook


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_home(tmp_path) as folder:
        yield folder


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


def test_what_was_said_of_a_batch_can_be_read_again(folder: Path) -> None:
    write_csv(folder / "news.csv", huffpost_rows())
    (table,) = told("ingest", "--data", "news.csv")["tables"]
    assert all(sentence in newsdesk("data", "quarantine", table["digest"]) for sentence in SENTENCES)


def test_every_command_that_reads_a_table_lets_its_columns_and_its_encoding_be_named(folder: Path) -> None:
    rows = [{"kicker": row["title"], "words": row["text"], "kind": row["category"]} for row in sample_rows(20)]
    rows[0]["words"] += " Naïve cafés."
    write_csv(folder / "odd.csv", rows)
    written = (folder / "odd.csv").read_text(encoding="utf-8")
    (folder / "odd.csv").write_bytes(written.encode("cp1252", "replace"))
    named = ("--data", "odd.csv", "--text-column", "words", "--title-column", "kicker", "--category-column", "kind")
    named = (*named, "--encoding", "windows-1252")
    fields = {"text": "words", "title": "kicker", "category": "kind"}
    (table,) = told("ingest", *named)["tables"]
    assert table["reading"]["columns"]["fields"] == fields
    assert told("run", "--no-serve", *named)["reading"]["columns"]["fields"] == fields
    assert told("retrain", *named)["reading"]["columns"]["fields"] == fields


def test_labels_of_more_articles_than_the_table_has_are_no_fault_of_the_table(folder: Path) -> None:
    known = sample_rows(20)
    rows = [{"id": f"{n:04}", "title": row["title"], "text": row["text"]} for n, row in enumerate(known, start=1)]
    categories = [*(row["category"] for row in known), *(row["category"] for row in sample_rows(40))]
    write_csv(folder / "news.csv", rows)
    write_csv(folder / "labels.csv", [{"id": n, "category": name} for n, name in enumerate(categories, start=1)])
    command = ("run", "--no-serve", "--data", "news.csv", "--labels", "labels.csv")
    first = told(*command)
    assert (first["dataset"]["rows"], sum(first["dataset"]["counts"].values())) == (100, 100)
    assert first["dataset"]["quarantined"] == {}
    join = first["reading"]["labels"]
    assert (join["joined"], join["without_article"], join["respelt"]) == (100, 200, 100)
    shown = newsdesk(*command)
    assert "200 labels in labels.csv are of no article here" in shown
    assert "'0001' here is '1' in labels.csv" in shown


def test_a_table_that_labels_do_not_cover_is_refused_with_the_name_of_their_file(folder: Path) -> None:
    write_csv(folder / "news.csv", sample_rows(20))
    write_csv(folder / "labels.csv", [{"id": row["id"], "category": row["category"]} for row in sample_rows(5)])
    done = CliRunner().invoke(app, ("ingest", "--data", "news.csv", "--labels", "labels.csv", "--json"))
    (table,) = json.loads(done.stdout)["tables"]
    assert done.exit_code == 1
    assert (
        "labels.csv: 25 labels, 25 of them of articles here. 75 articles have no label in labels.csv."
        in table["reason"]
    )

    write_csv(folder / "others.csv", [{"id": f"n-{n}", "category": "arts"} for n in range(9)])
    done = CliRunner().invoke(app, ("ingest", "--data", "news.csv", "--labels", "others.csv", "--json"))
    (table,) = json.loads(done.stdout)["tables"]
    assert table["reason"].startswith("others.csv: none of its 9 ids is that of an article")


def test_dates_that_are_not_understood_are_counted_and_shown_and_can_be_helped(folder: Path) -> None:
    rows = [row | {"date": f"{1 + n % 12:02}/09/2021"} for n, row in enumerate(sample_rows(20))]
    write_csv(folder / "news.csv", rows)
    shown = newsdesk("run", "--no-serve", "--data", "news.csv")
    assert "in 'date' may have day or month first, and no row tells" in " ".join(shown.split())
    dates = told("ingest", "--data", "news.csv")["tables"][0]["reading"]["dates"]
    assert (dates["ambiguous"], dates["order"], dates["rows"]) == (92, None, [2, 3, 4, 5])

    said = told("run", "--no-serve", "--data", "news.csv", "--date-order", "dmy")
    assert (said["reading"]["dates"]["ambiguous"], said["reading"]["dates"]["understood"]) == (0, 100)
    (folder / "configs" / "pipeline_config.yaml").write_text("data_pipeline: {date_order: mdy}")
    assert told("run", "--no-serve", "--data", "news.csv")["reading"]["dates"]["order"] == "mdy"
    assert told("retrain", "--data", "news.csv")["reading"]["dates"]["order"] == "mdy"


def test_categories_that_differ_by_spelling_alone_are_told_and_not_merged(folder: Path) -> None:
    spellings = ["sports", "Sports", "SPORTS "]
    rows = [
        row | {"category": spellings[n % 3] if row["category"] == "sports" else row["category"]}
        for n, row in enumerate(sample_rows(30))
    ]
    write_csv(folder / "news.csv", rows)
    groups = [{"SPORTS": 10, "Sports": 10, "sports": 10}]
    first = told("run", "--no-serve", "--data", "news.csv")
    assert first["dataset"]["similar_categories"] == groups
    assert "'SPORTS' (10), 'Sports' (10) and 'sports' (10) differ by" in newsdesk(
        "run", "--no-serve", "--data", "news.csv"
    )
    newsdesk("ingest", "--data", "news.csv")
    assert told("prepare")["similar_categories"] == groups
    assert "and 'sports' (10) differ by" in newsdesk("prepare")


MEASURE_ALONE = {"newsdesk evaluate", "newsdesk models compare"}


def tables_of(command: Any, name: str = "newsdesk") -> Iterator[tuple[str, set[str]]]:
    """Every command that reads a table of articles, and its options."""
    options = {option for one in command.params for option in one.opts}
    if "--text-column" in options:
        yield name, options
    for child, found in getattr(command, "commands", {}).items():
        yield from tables_of(found, f"{name} {child}")


def test_every_command_that_reads_a_table_has_the_options_that_readers_advise() -> None:
    found = dict(tables_of(get_command(app)))
    assert {"newsdesk run", "newsdesk ingest", "newsdesk retrain", "newsdesk score"} <= found.keys()
    for command, options in found.items():
        assert {"--encoding", "--sheet"} <= options, command
        is_learnt = "--category-column" in options and command not in MEASURE_ALONE
        assert ("--date-order" in options) == is_learnt, command  # what is learnt has dates


def test_a_table_of_windows_is_ingested_as_its_refusal_advises(folder: Path) -> None:
    (folder / "cafe.csv").write_bytes("category,text\nfood,The café serves coffee\n".encode("cp1252"))
    refused = CliRunner().invoke(app, ["ingest", "--data", "cafe.csv", "--json"])
    (table,) = json.loads(refused.stdout)["tables"]
    assert (refused.exit_code, "--encoding windows-1252" in table["reason"]) == (1, True)
    assert told("ingest", "--data", "cafe.csv", "--encoding", "windows-1252")["new"] == 1
    (batch,) = (folder / "var" / "articles").glob("*/articles.parquet")
    assert "café" in str(read_articles(batch))


def test_each_sheet_of_a_workbook_is_ingested_as_its_refusal_advises(folder: Path) -> None:
    may, june = (
        [["category", "text"], ["food", f"The café serves coffee in {month}"]] for month in ("May", "the month of June")
    )
    (folder / "months.xlsx").write_bytes(workbook(May=may, June=june))
    refused = CliRunner().invoke(app, ["ingest", "--data", "months.xlsx", "--json"])
    assert "--sheet May" in json.loads(refused.stdout)["tables"][0]["reason"]
    assert [told("ingest", "--data", "months.xlsx", "--sheet", name)["new"] for name in ("May", "June", "May")] == [
        1,
        1,
        0,
    ]
    alone = CliRunner().invoke(app, ["ingest", "--sheet", "May"])
    assert (alone.exit_code, "--sheet goes with --data" in str(alone.exception)) == (1, True)


@pytest.mark.parametrize("kind", ["binary", "large_binary"])
def test_texts_that_a_tool_wrote_as_bytes_are_texts(folder: Path, kind: str) -> None:
    rows, texts = sample_rows(2), getattr(pa, kind)()
    columns = {name: pa.array([row[name] for row in rows]) for name in ("title", "category")}
    columns["text"] = pa.array([row["text"].encode() for row in rows], texts)
    pq.write_table(pa.table(columns), folder / "news.parquet")
    (table,) = told("ingest", "--data", "news.parquet")["tables"]
    assert table["reading"]["columns"]["fields"]["text"] == "text"
    assert table["reading"]["notes"] == []
    (batch,) = (folder / "var" / "articles").glob("*/articles.parquet")
    assert rows[0]["text"] in {article.text for article in read_articles(batch)}


def test_html_that_was_left_in_articles_is_counted_and_none_of_it_is_shown(folder: Path) -> None:
    rows = sample_rows(10)
    for row, text in zip(rows, ("<p>Kaleidoscopes</p>", "Kaleidoscopes &amp; more"), strict=False):
        row["text"] += text
    rows[2]["title"] += " <b>Kaleidoscopes</b>"
    write_csv(folder / "news.csv", rows)
    done = CliRunner().invoke(app, ["ingest", "--data", "news.csv"])
    assert "In 3 articles there is HTML" in " ".join(done.output.split())
    assert "Kaleidoscopes" not in done.output
    (batch,) = (folder / "var" / "articles").glob("*/batch.json")
    assert json.loads(batch.read_text(encoding="utf-8"))["reading"]["with_markup"] == 3


def test_of_articles_without_html_nothing_is_said(folder: Path) -> None:
    write_csv(folder / "news.csv", sample_rows(10))
    assert "HTML" not in CliRunner().invoke(app, ["ingest", "--data", "news.csv"]).output
