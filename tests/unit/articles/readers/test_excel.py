import io
import os
import subprocess
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

import pytest

from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError, UsageError
from tests.unit.articles.readers.conftest import Write

Sheet = Sequence[Sequence[object]]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STORIES = [["id", "text", "label"], [1, "one", "x"], [2.0, "two", "y"]]


def workbook(
    states: dict[str, str] | None = None, raw: dict[str, str] | None = None, texts: str = "", /, **sheets: Sheet
) -> bytes:
    """The least that Excel calls a workbook; `raw` replaces the XML of a sheet, `states` says which are hidden, `texts`
    is the XML of the texts that cells share."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        named = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}" state="{(states or {}).get(name, "visible")}"/>'
            for n, name in enumerate(sheets, 1)
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        if texts:
            links += f'<Relationship Id="t" Type="{_LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
            archive.writestr("xl/sharedStrings.xml", texts)
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{named}</sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>')
        for n, (name, rows) in enumerate(sheets.items(), 1):
            archive.writestr(f"xl/worksheets/sheet{n}.xml", (raw or {}).get(name) or sheet(rows))
    return packed.getvalue()


def sheet(rows: Sheet, start: str = "") -> str:
    body = "".join(
        f'<row r="{r}">' + "".join(_cell(f"{chr(64 + c)}{r}", value) for c, value in enumerate(row, 1)) + "</row>"
        for r, row in enumerate(rows, 1)
    )
    return f'{start}<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'


def _cell(place: str, value: object) -> str:
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' if value else ""


def test_a_sheet_is_a_table_and_rows_are_numbered_as_excel_shows_them(write: Write) -> None:
    table = read_table(write("a.xlsx", workbook(News=STORIES)))

    assert table.columns == ["id", "text", "label"]
    assert [(row.number, row.values) for row in table.rows] == [
        (2, {"id": 1.0, "text": "one", "label": "x"}),
        (3, {"id": 2.0, "text": "two", "label": "y"}),
    ]


def test_rows_above_the_header_and_blank_ones_are_passed_over_and_counted(write: Write) -> None:
    rows = [["Articles of the week"], [], *STORIES[:2], ["", "", ""], STORIES[2]]

    table = read_table(write("a.xlsx", workbook(News=rows)))

    assert table.columns == ["id", "text", "label"]
    assert [row.number for row in table.rows] == [4, 6]


def test_the_visible_sheet_with_the_articles_is_read(write: Write) -> None:
    content = workbook({"Old": "hidden"}, About=[["How to fill this in"]], Old=STORIES, News=STORIES[:2])

    assert len(list(read_table(write("a.xlsx", content)).rows)) == 1


def test_a_workbook_of_several_tables_is_refused_by_their_names(write: Write) -> None:
    with pytest.raises(DataError, match=r"articles in 2 sheets \('May', 'June'\)"):
        read_table(write("a.xlsx", workbook(May=STORIES, June=STORIES)))


@pytest.mark.parametrize("rows", [[], [["id", "text", "label"]]])
def test_a_workbook_without_rows_is_refused(write: Write, rows: Sheet) -> None:
    with pytest.raises(DataError, match="has no rows"):
        read_table(write("a.xlsx", workbook(News=rows)))


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.xlsm"])
@pytest.mark.parametrize("content", [b"x", b"PK\x03\x04" + b"\0" * 90, b"\xd0\xcf\x11\xe0" + b"\1" * 900, b"<html>"])
def test_what_is_no_workbook_is_refused(write: Write, name: str, content: bytes) -> None:
    with pytest.raises(DataError, match=r"cannot be read as an Excel workbook|locked with a password"):
        read_table(write(name, content))


def test_two_cells_far_apart_do_not_fill_the_memory(write: Write) -> None:
    far = f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1">{_cell("A1", "text")}</row>'
    far += f'<row r="1048576">{_cell("XFD1048576", "x")}</row></sheetData></worksheet>'

    with pytest.raises(DataError, match=r"too large to be held"):
        read_table(write("a.xlsx", workbook(None, {"News": far}, News=[])))


def test_one_text_that_many_cells_show_does_not_fill_the_memory(write: Write) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 20_000))
    shown = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    text = f'<sst xmlns="{_MAIN}"><si><t>text {"x" * 1_000_000}</t></si></sst>'

    with pytest.raises(DataError, match=r"too large to be held"):
        read_table(write("a.xlsx", workbook(None, {"News": shown}, text, News=[])))


def test_a_row_that_ends_beyond_the_table_without_a_place_does_not_fill_the_memory(write: Write) -> None:
    cells = "<c><v>1</v></c>" * 16_000
    far = f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c><v>1</v></c></row><row r="1048576">{cells}</row>'

    with pytest.raises(DataError, match=r"cannot be read as an Excel workbook"):
        read_table(write("a.xlsx", workbook(None, {"News": far + "</sheetData></worksheet>"}, News=[])))


def test_a_reader_that_is_left_before_the_end_leaves_no_process(write: Write) -> None:
    rows = [["text", "label"], *([f"story {n}", "x"] for n in range(5000))]
    table = read_table(write("a.xlsx", workbook(News=rows)))
    next(table.rows)

    del table
    assert child_processes() == []


def child_processes() -> list[str]:
    found = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return [line for line in found.stdout.splitlines() if "workbook_process" in line]


def test_entities_are_not_expanded(write: Write) -> None:
    bomb = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    content = sheet([["text", "label"], ["ENTITY", "x"]], bomb).replace("ENTITY</t>", "&b;&f;</t>")

    try:
        rows = [row.values for row in read_table(write("a.xlsx", workbook(None, {"News": content}, News=[]))).rows]
    except DataError:
        return
    assert "aaaa" not in str(rows)
    assert "root" not in str(rows)


def test_of_several_tables_the_one_that_is_named_is_read_as_the_refusal_advises(write: Write) -> None:
    june = [*STORIES, [3, "three", "z"]]
    path = write("a.xlsx", workbook({"Old": "hidden"}, **{"May": STORIES, "June 26": june, "Old": STORIES[:2]}))
    with pytest.raises(DataError, match=r"for example --sheet May, or save it as CSV"):
        read_table(path)
    rows = {name: len(list(read_table(path, sheet=name).rows)) for name in ("May", "June 26", "Old")}
    assert rows == {"May": 2, "June 26": 3, "Old": 1}


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(write: Write) -> None:
    path = write("a.xlsx", workbook({"Old": "hidden"}, May=STORIES, June=STORIES, Old=STORIES))
    with pytest.raises(DataError, match=r"has no sheet 'july': there are 'May', 'June'. Correct --sheet"):
        read_table(path, sheet="july")
    with pytest.raises(UsageError, match=r"no Excel workbook and has no sheets. Leave --sheet out"):
        read_table(write("a.csv", "text,label\none,x\n"), sheet="May")
