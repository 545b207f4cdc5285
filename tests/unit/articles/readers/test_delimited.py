import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError
from tests.unit.articles.readers.conftest import Write


def read(path: Path, encoding: str = "utf-8") -> list[tuple[int, dict[str, Any], str | None]]:
    return [(row.number, row.values, row.problem) for row in read_table(path, encoding).rows]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.jsonl", "a.json"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("said", ["utf-8", "windows-1252"])
def test_a_byte_order_mark_tells_the_encoding_whatever_was_said(
    write: Write, name: str, encoding: str, said: str
) -> None:
    content = '{"id": 1, "text": "Zürich €"}\n' * 2 if "json" in name else "id\ttext\n1\tZürich €\n"
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""

    rows = read(write(name, (mark + content).encode(encoding)), said)

    assert {values["text"] for _, values, _ in rows} == {"Zürich €"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_told_with_the_option(write: Write, encoding: str) -> None:
    path = write("a.csv", "id,text\n1,hello\n".encode(encoding))

    with pytest.raises(DataError, match=f"without its mark.*--encoding {encoding}"):
        read_table(path)
    assert read(path, encoding) == [(2, {"id": "1", "text": "hello"}, None)]


@pytest.mark.parametrize("told", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r", "sep=^", "sep=\t"])
def test_a_first_line_that_tells_excel_the_delimiter_is_obeyed_and_counted(write: Write, told: str) -> None:
    delimiter = told.strip('"\r')[-1]

    table = read_table(write("a.csv", f"{told}\nid{delimiter}text\n1{delimiter}a, b, c\n"))

    assert table.columns == ["id", "text"]
    assert [(row.number, row.values) for row in table.rows] == [(3, {"id": "1", "text": "a, b, c"})]


@pytest.mark.parametrize(
    "preamble",
    [
        "Articles of the week\n",
        "Exported;2024-05-01\nBy;Desk, Berlin\n\n",
        "# made by a tool, version 2\n# of 2 rows\n",
        "Title;Articles of the week\n",
        ";;\n;;\n",
    ],
)
def test_lines_above_the_header_are_passed_over_and_counted(write: Write, preamble: str) -> None:
    table = read_table(write("a.csv", f"{preamble}title;text;category\nA;B;x\n"))

    assert table.columns == ["title", "text", "category"]
    assert [row.number for row in table.rows] == [preamble.count("\n") + 2]


def test_a_header_of_unknown_names_is_the_first_row_even_where_one_after_it_has_a_known_word(write: Write) -> None:
    table = read_table(write("a.csv", "kind,words\ntext,a text\nbody,another\n"))

    assert table.columns == ["kind", "words"]
    assert len(list(table.rows)) == 2


@pytest.mark.parametrize("row", ["1,one,", "1,one,,,,", "1,one, , "])
def test_empty_cells_beyond_the_header_are_none(write: Write, row: str) -> None:
    assert read(write("a.csv", f"id,text\n{row}\n")) == [(2, {"id": "1", "text": "one"}, None)]


@pytest.mark.parametrize("rows", ["1,one,,\n", "1,one\n", "1,one,,\n,,,\n"])
def test_columns_without_a_name_are_none_and_rows_without_a_word_are_blank(write: Write, rows: str) -> None:
    table = read_table(write("a.csv", f"id,text,,\n{rows}"))

    assert table.columns == ["id", "text"]
    assert [(row.values, row.problem) for row in table.rows] == [({"id": "1", "text": "one"}, None)]


def test_the_index_that_pandas_writes_without_a_name_is_no_column(write: Write) -> None:
    table = read_table(write("a.csv", ",text,label\n0,one,x\n1,two,y\n"))

    assert table.columns == ["text", "label"]
    assert [row.values["text"] for row in table.rows] == ["one", "two"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"He said \"yes\", then left"', 'He said "yes", then left'),
        (r'"\"Yes\""', '"Yes"'),
        (r'"C:\new and \"old\""', r'C:\new and "old"'),
        ('"doubled ""so"""', 'doubled "so"'),
        ('"ends in \\"', "ends in \\"),
    ],
)
def test_quotation_marks_are_doubled_or_stand_after_a_backslash(write: Write, written: str, meant: str) -> None:
    assert read(write("a.csv", f"text,label\n{written},x\n")) == [(2, {"text": meant, "label": "x"}, None)]


def test_one_file_may_hold_both_a_backslash_at_the_end_and_doubled_quotation_marks(write: Write) -> None:
    rows = read(write("a.csv", 'text,label\n"in C:\\",x\n"he said ""yes"", and no",y\n'))

    assert [values["text"] for _, values, _ in rows] == ["in C:\\", 'he said "yes", and no']


def test_delimiters_after_a_backslash_are_text_where_no_cell_is_quoted(write: Write) -> None:
    rows = read(write("a.csv", 'text,label\nOne\\, two and \\"three\\",x\n'))

    assert rows == [(2, {"text": 'One, two and "three"', "label": "x"}, None)]


def test_between_tabs_quotation_marks_may_be_text(write: Write) -> None:
    rows = read(write("a.tsv", 'category\ttext\nx\t"Yes" to all, and "no\ny\t"so"\n'))

    assert [values["text"] for _, values, _ in rows] == ['"Yes" to all, and "no', '"so"']


@pytest.mark.parametrize("header", ["3,Oil prices rise as ships wait", "world,Short"])
def test_a_table_without_a_header_is_told_without_showing_an_article(write: Write, header: str) -> None:
    text = "The ships have waited for a week before the port, and nobody knows for how long they will."

    with pytest.raises(DataError, match=r"has no header.*category,title,text") as told:
        read_table(write("a.csv", f"{header},{text}\n{header},{text}\n"))
    assert "ships" not in str(told.value)


@pytest.mark.parametrize(
    ("content", "ending"),
    [(b"PAR1", r"\.parquet"), (b"PK\x03\x04", r"\.xlsx"), (b"\x1f\x8b\x08", r"\.gz"), (b"ARROW1", r"\.arrow")],
)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.txt"])
def test_a_name_that_hides_what_a_file_is_is_told_with_the_right_one(
    write: Write, name: str, content: bytes, ending: str
) -> None:
    with pytest.raises(DataError, match=rf"whatever its name says\. Let its name end in .*{ending}"):
        read_table(write(name, content + b"0" * 20))


def test_a_line_that_would_fill_the_memory_is_refused(write: Write) -> None:
    with pytest.raises(DataError, match=r"line 2 has more than 16,000,000 characters"):
        read_table(write("a.jsonl", '{"text": "one"}\n' + "x" * 17_000_000))


CELLS = st.text('ab,;\\" é', max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8).filter(lambda rows: all(map(str.strip, rows[0]))))
def test_what_was_written_with_backslashes_before_quotation_marks_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """As Spark and others write: every cell quoted, marks and backslashes escaped. Where doubled marks would be read
    the same way without a mistake, the file says both; those are left out."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\")
    writer.writerows([("text", "label"), *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    try:
        plain = list(csv.reader(io.StringIO(text.getvalue()), strict=True))
    except csv.Error:
        plain = []

    found = [(values["text"], values["label"]) for _, values, _ in read(path)]

    if all(len(cells) == 2 for cells in plain) and plain:
        return
    assert found == [row for row in rows if any(map(str.strip, row))]
