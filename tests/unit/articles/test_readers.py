import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.articles.readers import SUFFIXES, RawRow, RawTable, read_table
from newsdesk.errors import DataError, UsageError

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def numbered(table: RawTable) -> list[tuple[int, dict[str, Any]]]:
    rows = list(table.rows)
    assert all(row.problem is None for row in rows)
    return [(row.number, row.values) for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_the_header_has_most_of(write: Write, delimiter: str) -> None:
    table = read_table(
        write(
            "a.csv",
            f"id{delimiter}text{delimiter}label\n1{delimiter}a, b; c{delimiter}x\n".replace("a, b; c", '"a, b; c"'),
        )
    )

    assert table.columns == ["id", "text", "label"]
    assert numbered(table) == [(2, {"id": "1", "text": "a, b; c", "label": "x"})]


def test_a_table_of_one_column_needs_no_delimiter(write: Write) -> None:
    assert numbered(read_table(write("a.csv", "text\nhello\n"))) == [(2, {"text": "hello"})]


def test_a_quoted_cell_may_hold_line_ends_delimiters_and_doubled_quotes(write: Write) -> None:
    table = read_table(write("a.csv", 'id,text\r\n1,"one\r\ntwo, ""three"""\r\n2,four\r\n'))

    assert numbered(table) == [(2, {"id": "1", "text": 'one\r\ntwo, "three"'}), (3, {"id": "2", "text": "four"})]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do_and_the_last_may_be_missing(write: Write, line_end: str) -> None:
    assert numbered(read_table(write("a.csv", f"id,text{line_end}1,one"))) == [(2, {"id": "1", "text": "one"})]


def test_blank_lines_between_rows_are_skipped_but_counted(write: Write) -> None:
    assert [number for number, _ in numbered(read_table(write("a.csv", "id,text\n\n1,one\n\n\n2,two\n")))] == [3, 6]


def test_blank_lines_before_the_header_are_skipped_but_counted(write: Write) -> None:
    table = read_table(write("a.csv", "\nid;text\n1;one\n"))

    assert table.columns == ["id", "text"]
    assert numbered(table) == [(3, {"id": "1", "text": "one"})]


@pytest.mark.parametrize(
    "content",
    [
        b"id,text\n",
        b"id,text",
        b"id,text\n\n\n",
        b"\n",
        pytest.param(b"\n\r\n\n"),
        pytest.param(b"\xef\xbb\xbf"),
    ],
)
def test_a_csv_file_of_a_header_or_of_nothing_has_no_rows(write: Write, content: bytes) -> None:
    with pytest.raises(DataError, match="has no rows"):
        read_table(write("a.csv", content))


def test_names_in_the_header_are_trimmed(write: Write) -> None:
    assert read_table(write("a.csv", " id , text\n1,one\n")).columns == ["id", "text"]


@pytest.mark.parametrize("row", ["1", "1,one,more", '1,"one",,x'])
def test_a_row_with_more_or_fewer_cells_than_the_header_is_told_and_the_rest_is_read(write: Write, row: str) -> None:
    rows = list(read_table(write("a.csv", f"id,text\n{row}\n2,two\n")).rows)

    assert [(row.number, row.problem) for row in rows] == [(2, "wrong_column_count"), (3, None)]
    assert rows[0].values["id"] == "1"


def test_a_column_that_appears_twice_is_refused_by_name(write: Write) -> None:
    with pytest.raises(DataError, match="column 'text' appears more than once"):
        read_table(write("a.csv", "id,text, text\n1,a,b\n"))


@pytest.mark.parametrize("broken", ['2,"two\n3,three\n', '2,"two" or so\n'])
def test_a_quotation_mark_that_is_not_closed_is_an_error_with_the_row(write: Write, broken: str) -> None:
    table = read_table(write("a.csv", f"id,text\n1,one\n{broken}"))

    with pytest.raises(DataError, match=r"row 3 .*quotation mark"):
        list(table.rows)


def test_a_cell_beyond_the_longest_text_is_an_error_with_the_row(write: Write) -> None:
    table = read_table(write("a.csv", f"id,text\n1,{'x' * MAX_TEXT_LENGTH}\n2,{'x' * (MAX_TEXT_LENGTH + 1)}\n"))

    with pytest.raises(DataError, match="row 3 "):
        list(table.rows)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF_8", "utf8"])
@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b"id,text\n1,one\n"), ("a.jsonl", b'{"id": 1, "text": "one"}\n')]
)
def test_a_byte_order_mark_is_no_part_of_the_first_name(write: Write, encoding: str, name: str, content: bytes) -> None:
    assert read_table(write(name, b"\xef\xbb\xbf" + content), encoding).columns == ["id", "text"]


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "utf-16-le", "UTF_8", "utf8"])
@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "id,text\n1,Zürich €\n"), ("a.jsonl", '{"text": "Zürich €"}\n')]
)
def test_a_file_in_another_encoding_is_read_when_it_is_named(
    write: Write, encoding: str, name: str, content: str
) -> None:
    ((_, values),) = numbered(read_table(write(name, content.encode(encoding)), encoding))

    assert values["text"] == "Zürich €"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_bytes_that_are_not_the_encoding_are_an_error_with_line_byte_and_fix(write: Write, name: str) -> None:
    content = b"id,text\n{}\n\xfcber\n"

    with pytest.raises(DataError, match=r"is not utf-8: line 3 holds the byte 0xfc.*--encoding windows-1252"):
        list(read_table(write(name, content)).rows)


def test_an_encoding_without_its_mark_is_an_error_with_the_fix(write: Write) -> None:
    with pytest.raises(DataError, match=r"is not utf-16: .*--encoding"):
        read_table(write("a.csv", "id,text\n1,one\n"), "utf-16")


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64"])
def test_a_name_that_is_no_encoding_is_refused(write: Write, encoding: str) -> None:
    with pytest.raises(UsageError, match=f"'{encoding}' is not an encoding"):
        read_table(write("a.csv", "id,text\n1,one\n"), encoding)


def test_json_lines_have_the_columns_of_all_rows_in_order_of_appearance(write: Write) -> None:
    table = read_table(write("a.jsonl", '{"id": 1, "text": "a"}\n\n{"text": "b", "label": "x"}\n'))

    assert table.columns == ["id", "text", "label"]
    assert numbered(table) == [(1, {"id": 1, "text": "a"}), (3, {"text": "b", "label": "x"})]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "invalid_json"),
        ("not json", "invalid_json"),
        ("{'id': 1}", "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ("[1, 2]", "not_an_object"),
        ("null", "not_an_object"),
        pytest.param(
            '{"id": ' + "1" * 5000 + "}",
            "invalid_json",
            id="a number of 5,000 digits",
        ),
    ],
)
def test_a_line_that_is_not_an_object_is_told_and_the_rest_is_read(write: Write, line: str, problem: str) -> None:
    rows = list(read_table(write("a.jsonl", f'{line}\n{{"id": 2}}\n')).rows)

    assert rows == [RawRow(1, {}, problem), RawRow(2, {"id": 2})]


@pytest.mark.parametrize("content", ["[1, 2]\n{\n", "{}\n", '"id,text"\n'])
def test_json_lines_without_any_named_field_are_an_error_with_the_fix(write: Write, content: str) -> None:
    with pytest.raises(DataError, match="no line is a JSON object with named fields"):
        read_table(write("a.jsonl", content))


def test_a_line_separator_inside_a_json_text_does_not_end_the_line(write: Write) -> None:
    assert numbered(read_table(write("a.jsonl", '{"text": "a\u2028b\u0085c"}\n'))) == [(1, {"text": "a\u2028b\u0085c"})]


def test_parquet_rows_are_numbered_from_one(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [7, None], "text": ["one", "two"]}), tmp_path / "a.parquet")

    table = read_table(tmp_path / "a.parquet")

    assert table.columns == ["id", "text"]
    assert numbered(table) == [(1, {"id": 7, "text": "one"}), (2, {"id": None, "text": "two"})]


def test_parquet_of_many_batches_is_numbered_through(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": range(10_000)}), tmp_path / "a.parquet", row_group_size=3000)

    rows = numbered(read_table(tmp_path / "a.parquet"))

    assert [(number, values["id"] + 1) for number, values in rows] == [(n, n) for n in range(1, 10_001)]


@pytest.mark.parametrize("content", [b"x", b"PAR1 but not really PAR1", b"id,text\n1,one\n"])
def test_a_file_that_is_not_parquet_is_an_error_with_the_fix(write: Write, content: bytes) -> None:
    with pytest.raises(DataError, match=r"cannot be read as Parquet.*Write it again, or give CSV"):
        read_table(write("a.parquet", content))


def test_parquet_whose_pages_are_damaged_is_an_error_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    texts = [f"story {number}" for number in range(5000)]
    pq.write_table(pa.table({"text": texts}), path, use_dictionary=False, compression="zstd")
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196
    path.write_bytes(content)

    with pytest.raises(DataError, match="cannot be read as Parquet"):
        list(read_table(path).rows)


def test_a_parquet_column_that_appears_twice_is_refused_by_name(tmp_path: Path) -> None:
    pq.write_table(pa.table([["one"], ["two"]], names=["text", "text"]), tmp_path / "a.parquet")

    with pytest.raises(DataError, match="column 'text' appears more than once"):
        read_table(tmp_path / "a.parquet")


def test_parquet_without_rows_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")

    with pytest.raises(DataError, match="has no rows"):
        read_table(tmp_path / "a.parquet")


@pytest.mark.parametrize("name", [f"a{suffix}" for suffix in SUFFIXES])
def test_an_empty_file_is_an_error_whatever_its_kind(write: Write, name: str) -> None:
    with pytest.raises(DataError, match="is empty"):
        read_table(write(name, ""))


def test_json_lines_of_blank_lines_only_are_an_error(write: Write) -> None:
    with pytest.raises(DataError, match="has no rows"):
        read_table(write("a.jsonl", "\n \n"))


@pytest.mark.parametrize("name", ["A.CSV", "a.Tsv", "a.ndjson", "a.JSONL", "a.pq"])
def test_the_suffix_tells_the_kind_whatever_its_case(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    match SUFFIXES[path.suffix.lower()]:
        case "csv":
            path.write_text("text\nhello\n")
        case "jsonl":
            path.write_text('{"text": "hello"}\n')
        case _:
            pq.write_table(pa.table({"text": ["hello"]}), path)

    assert [values for _, values in numbered(read_table(path))] == [{"text": "hello"}]


def test_a_file_that_is_not_there_is_a_mistake_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.csv: there is no such file"):
        read_table(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("name", ["a.data", "a.gexf", "a"])
def test_another_suffix_is_refused_naming_those_that_can_be_read(write: Write, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.tsv, \.jsonl, \.ndjson, \.parquet, \.pq"):
        read_table(write(name, "id,text\n1,one\n"))


@pytest.mark.parametrize("name", ["a.html", "a.XML", "a.ods", "a.pkl", "a.sqlite", "a.avro", "a.docx", "a.tar"])
def test_a_kind_of_file_that_is_not_read_is_told_with_the_one_that_is(write: Write, name: str) -> None:
    with pytest.raises(UsageError, match=r"is an? .*not a table that can be read\. Export it as CSV\.|is XML, and not"):
        read_table(write(name, "whatever"))


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(UsageError, match="is not a table that can be read"):
        read_table(tmp_path / "folder.csv")


CELLS = st.tuples(st.text(max_size=20), st.text('ab,;|\t"\r\n ü', max_size=20))
ROWS = st.lists(CELLS, min_size=1, max_size=10).filter(lambda rows: any(cell.strip() for row in rows for cell in row))


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_what_was_written_as_csv_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "text"), *rows])

    read = [(values["id"], values["text"]) for _, values in numbered(read_table(path))]

    assert read == [row for row in rows if any(cell.strip() for cell in row)]


# A key of two letters is none of the known names ("text", "news", …), which would make yes and no a category.
KEYS = st.text(max_size=2)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(KEYS, st.text() | st.integers() | st.booleans() | st.none())).filter(any))
def test_what_was_written_as_json_lines_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8", newline="")

    assert [values for _, values in numbered(read_table(path))] == rows
