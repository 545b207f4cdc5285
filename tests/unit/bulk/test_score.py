"""Files in, the same files out with a category for every row."""

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.articles.column_mapping import ColumnNames
from newsdesk.bulk.checkpoint import ScoreCheckpoint
from newsdesk.bulk.score import ScoreRequest, ScoreResult, score
from newsdesk.bulk.score_columns import NAMES
from newsdesk.bulk.text_scorer import Score, Scorer
from newsdesk.errors import BusyError, DataError, UsageError
from newsdesk.model.bundle import Bundle
from newsdesk.pipeline.progress import NoProgress
from tests.builders import sample_rows, write_csv
from tests.unit.articles.readers.test_excel import workbook

ROWS = sample_rows(2)
SHORT = {"id": "x", "title": "", "text": "short", "category": ""}


@pytest.fixture
def scorer(first: Bundle) -> Scorer:
    return Scorer("7", first)


def scored(scorer: Scorer, files: Path | Sequence[Path], out: Path, **more: Any) -> ScoreResult:
    paths = [files] if isinstance(files, Path) else files
    return score(ScoreRequest([str(path) for path in paths], out, processes=1, **more), scorer, NoProgress())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_gzipped(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    plain = write_csv(path.with_suffix(""), rows)
    path.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()


def write_with_semicolons(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(ROWS[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_json(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text(json.dumps(list(rows)), encoding="utf-8")


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)


KINDS: dict[str, Callable[[Path, Iterable[Mapping[str, Any]]], object]] = {
    "in.csv": write_csv,
    "in.csv.gz": write_gzipped,
    "semicolons.csv": write_with_semicolons,
    "in.jsonl": write_lines,
    "in.json": write_json,
    "in.parquet": write_parquet,
}
READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "out.csv": read_csv,
    "out.jsonl": read_lines,
    "out.parquet": lambda path: pq.read_table(path).to_pylist(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("out", READERS)
def test_whatever_is_read_comes_out_in_every_format_with_its_columns_first(
    tmp_path: Path, scorer: Scorer, kind: str, out: str
) -> None:
    KINDS[kind](tmp_path / kind, [*ROWS, SHORT])
    result = scored(scorer, tmp_path / kind, tmp_path / out)
    rows = READERS[out](tmp_path / out)
    assert (result.rows, result.scored, len(rows)) == (len(ROWS) + 1, len(ROWS), len(ROWS) + 1)
    assert all(list(row) == [*ROWS[0], *NAMES] for row in rows)
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == [*ROWS, SHORT]
    for row in rows[:-1]:
        expected = scorer.score(f"{row['title']}\n\n{row['text']}")
        assert isinstance(expected, Score)
        assert row["predicted_category"] == expected.category
        assert float(row["confidence"]) == expected.confidence
        assert (row["runner_up"], float(row["runner_up_confidence"])) == expected[2:]
        assert (row["model_version"], row["model_digest"]) == ("7", scorer.digest)
    last = rows[-1]
    assert last["score_error"] == "text_too_short"
    assert [last[name] for name in NAMES[:-1]] == [None if out != "out.csv" else ""] * 6
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([kind, out])


def test_parquet_keeps_the_types_of_its_columns(tmp_path: Path, scorer: Scorer) -> None:
    table = pa.table(
        {
            "text": [row["text"] for row in ROWS],
            "words": pa.array([len(row["text"].split()) for row in ROWS], pa.int16()),
            "at": pa.array([1_700_000_000_000] * len(ROWS), pa.timestamp("ms", tz="UTC")),
            "tags": [["a", "b"]] * len(ROWS),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    scored(scorer, tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.select(table.column_names).equals(table)
    assert found.schema.field("confidence").type == pa.float64()


def test_numbers_lists_and_objects_of_json_stay_what_they_are(tmp_path: Path, scorer: Scorer) -> None:
    records = [{"n": 1, "headline": {"main": row["title"]}, "tags": ["a"], "text": row["text"]} for row in ROWS]
    write_lines(tmp_path / "in.jsonl", records)
    scored(scorer, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    found = read_lines(tmp_path / "out.jsonl")
    assert [{name: row[name] for name in records[0]} for row in found] == records
    titled = scorer.score(f"{ROWS[0]['title']}\n\n{ROWS[0]['text']}")
    assert isinstance(titled, Score)
    assert found[0]["confidence"] == titled.confidence  # the headline was found in its object


def test_a_column_without_a_name_is_kept_too(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "in.csv").write_text(f",text\n17,{'The striker scored twice in the cup final '}\n", encoding="utf-8")
    scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv")[0]["column_1"] == "17"


def test_a_tools_export_without_labels_is_scored_and_written_as_it_is(tmp_path: Path, scorer: Scorer) -> None:
    tasks = [{"id": 1, "data": {"text": ROWS[0]["text"]}, "annotations": []}]
    write_json(tmp_path / "in.json", tasks)
    assert scored(scorer, tmp_path / "in.json", tmp_path / "out.jsonl").scored == 1
    found = read_lines(tmp_path / "out.jsonl")[0]
    assert {name: found[name] for name in tasks[0]} == tasks[0]


def test_rows_that_cannot_be_scored_are_named_and_stay(tmp_path: Path, scorer: Scorer) -> None:
    story = ROWS[0]["text"]
    bad = {
        "text_too_short": "short",
        "missing_text": " ",
        "text_without_words": "!!!! ???? ....",
        "text_too_long": "x" * (MAX_TEXT_LENGTH + 1),
        "text_invalid": f"{story} \0",
        "text_not_text": ["a"],
    }
    lines = [json.dumps({"n": n, "text": text}) for n, text in enumerate([story, *bad.values(), f"{story} \ud800"])]
    (tmp_path / "in.jsonl").write_text("\n".join([*lines, "{", "[1]"]), encoding="utf-8")
    result = scored(scorer, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    rows = read_lines(tmp_path / "out.jsonl")
    reasons = [None, *bad, "text_invalid", "invalid_json", "not_an_object"]
    assert [row["score_error"] for row in rows] == reasons
    assert (result.rows, result.scored) == (10, 1)
    named = {reason: [row for _, row in failures.first] for reason, failures in result.failures.items()}
    assert named["text_invalid"] == [6, 8]
    assert named["invalid_json"] == [9]
    assert {file for failures in result.failures.values() for file, _ in failures.first} == {str(tmp_path / "in.jsonl")}


def test_a_row_with_too_many_cells_keeps_those_under_the_header(tmp_path: Path, scorer: Scorer) -> None:
    story = "The striker scored twice in the cup final"
    (tmp_path / "in.csv").write_text(f"id,text\n1,{story}\n2,{story},more\n", encoding="utf-8")
    scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv")
    _, second = read_csv(tmp_path / "out.csv")
    assert (second["id"], second["text"], second["score_error"]) == ("2", story, "wrong_column_count")


def test_strict_writes_nothing_where_a_row_cannot_be_scored(tmp_path: Path, scorer: Scorer) -> None:
    write_csv(tmp_path / "in.csv", [ROWS[0], SHORT])
    with pytest.raises(DataError, match=r"in\.csv row 3 \(text_too_short\)"):
        scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv", is_strict=True)
    assert not (tmp_path / "out.csv").exists()
    assert scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv").continued == 2


def test_files_of_a_pattern_come_out_as_one_with_the_columns_of_all(tmp_path: Path, scorer: Scorer) -> None:
    write_csv(tmp_path / "news-1.csv", ROWS[:3])
    write_lines(tmp_path / "news-2.jsonl", [{"text": ROWS[3]["text"], "desk": "city"}])
    result = scored(scorer, tmp_path / "news-*", tmp_path / "out.csv")
    rows = read_csv(tmp_path / "out.csv")
    assert (result.files, result.rows) == (2, 4)
    assert list(rows[0]) == [*ROWS[0], "desk", *NAMES]
    assert (rows[3]["id"], rows[3]["desk"]) == ("", "city")


def test_a_column_is_taken_as_it_is_said(tmp_path: Path, scorer: Scorer) -> None:
    write_csv(tmp_path / "in.csv", [{"text": "nothing of it all here", "note": ROWS[0]["text"]}])
    scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv", columns=ColumnNames(text="note"))
    expected = scorer.score(ROWS[0]["text"])
    assert isinstance(expected, Score)
    assert float(read_csv(tmp_path / "out.csv")[0]["confidence"]) == expected.confidence


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_the_same_name_is_not_lost(tmp_path: Path, scorer: Scorer, name: str) -> None:
    write_csv(tmp_path / "in.csv", [{"text": ROWS[0]["text"], name: "mine"}])
    with pytest.raises(UsageError, match=f"'{name}'.*--prefix"):
        scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv")
    scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv", prefix="new_")
    (row,) = read_csv(tmp_path / "out.csv")
    assert row[name] == "mine"
    assert row["new_predicted_category"]


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("out.xlsx", r"\.csv, \.jsonl, \.parquet"),
        ("out", r"\.csv, \.jsonl, \.parquet"),
        ("away/out.csv", "no folder"),
        ("there.csv", "--overwrite"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_scored(
    tmp_path: Path, scorer: Scorer, out: str, words: str
) -> None:
    write_csv(tmp_path / "in.csv", ROWS)
    (tmp_path / "there.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        scored(scorer, tmp_path / "in.csv", tmp_path / out)
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "there.csv"}
    assert (tmp_path / "there.csv").read_text(encoding="utf-8") == "mine"


def test_a_file_is_replaced_only_when_that_is_said_and_never_by_its_own_scores(tmp_path: Path, scorer: Scorer) -> None:
    write_csv(tmp_path / "in.csv", ROWS)
    (tmp_path / "out.csv").write_text("old", encoding="utf-8")
    scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv", overwrite=True)
    assert len(read_csv(tmp_path / "out.csv")) == len(ROWS)
    with pytest.raises(UsageError, match="one of the files"):
        scored(scorer, tmp_path / "*.csv", tmp_path / "out.csv", overwrite=True)


def test_no_file_of_a_pattern_is_told(tmp_path: Path, scorer: Scorer) -> None:
    with pytest.raises(UsageError, match="No file is called"):
        scored(scorer, tmp_path / "*.csv", tmp_path / "out.csv")


def test_a_workbook_goes_in(tmp_path: Path, scorer: Scorer) -> None:
    others = [["Headline", "Year"], ["Nothing of this", 2025]]
    content = workbook(Old=others, News=[["Headline", "Year"], [ROWS[0]["title"], 2026]])
    (tmp_path / "in.xlsx").write_bytes(content)
    scored(scorer, tmp_path / "in.xlsx", tmp_path / "out.csv", sheet="News")
    (row,) = read_csv(tmp_path / "out.csv")
    expected = scorer.score(ROWS[0]["title"])
    assert isinstance(expected, Score)
    assert (row["Headline"], float(row["Year"])) == (ROWS[0]["title"], 2026)
    assert float(row["confidence"]) == expected.confidence


class Stopped(Exception):  # noqa: N818
    """Somebody pressed Ctrl+C."""


class StopsAfter(NoProgress):
    """Ends a run once so many rows are answered."""

    def __init__(self, rows: int) -> None:
        self.left = rows

    def advance(self, parts: int = 1) -> None:
        self.left -= parts
        if self.left <= 0:
            raise Stopped


def stopped_run(tmp_path: Path, scorer: Scorer) -> Path:
    """A file of 700 rows, of which a run that was stopped had answered 500."""
    write_csv(tmp_path / "in.csv", [ROWS[n % len(ROWS)] | {"id": str(n)} for n in range(700)])
    request = ScoreRequest([str(tmp_path / "in.csv")], tmp_path / "out.csv", processes=1)
    with pytest.raises(Stopped):
        score(request, scorer, StopsAfter(500))
    assert not (tmp_path / "out.csv").exists()
    return tmp_path / "in.csv"


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path, scorer: Scorer) -> None:
    file = stopped_run(tmp_path, scorer)
    result = scored(scorer, file, tmp_path / "out.csv")
    scored(scorer, file, tmp_path / "at_once.csv")
    assert (result.continued, result.rows) == (500, 700)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "at_once.csv").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv", "at_once.csv"}


def test_a_line_that_was_cut_off_is_answered_again(tmp_path: Path, scorer: Scorer) -> None:
    file = stopped_run(tmp_path, scorer)
    draft = tmp_path / ".out.csv.answers"
    draft.write_bytes(draft.read_bytes()[:-5])
    assert scored(scorer, file, tmp_path / "out.csv").continued == 499
    assert len(read_csv(tmp_path / "out.csv")) == 700


def test_answers_of_another_file_or_model_are_not_taken(tmp_path: Path, scorer: Scorer, second: Bundle) -> None:
    file = stopped_run(tmp_path, scorer)
    other = Scorer("8", second)
    assert scored(other, file, tmp_path / "out.csv").continued == 0
    assert {row["model_digest"] for row in read_csv(tmp_path / "out.csv")} == {second.digest}
    (tmp_path / "out.csv").unlink()
    stopped_run(tmp_path, scorer)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("The", "A", 1), encoding="utf-8")
    assert scored(scorer, file, tmp_path / "out.csv").continued == 0


def test_two_commands_do_not_write_one_file(tmp_path: Path, scorer: Scorer) -> None:
    write_csv(tmp_path / "in.csv", ROWS)
    with ScoreCheckpoint(tmp_path / ".out.csv.answers", {}), pytest.raises(BusyError):
        scored(scorer, tmp_path / "in.csv", tmp_path / "out.csv")


def test_many_processes_answer_as_one_does(tmp_path: Path, scorer: Scorer) -> None:
    rows = [{"n": n, "text": ROWS[n % len(ROWS)]["title"] + f" {n}"} for n in range(3000)]
    write_csv(tmp_path / "in.csv", rows)
    scored(scorer, tmp_path / "in.csv", tmp_path / "one.csv")
    request = ScoreRequest([str(tmp_path / "in.csv")], tmp_path / "many.csv", processes=2)
    score(request, scorer, NoProgress())
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "many.csv").read_bytes()
