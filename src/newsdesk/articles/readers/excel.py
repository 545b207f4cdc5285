"""Excel workbooks: the one sheet that holds a table of articles."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

from newsdesk.articles.readers.header import SEARCHED_ROWS, Header, find_header
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError

LARGEST_WORKBOOK = 1 << 30  # bytes
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0"  # how Excel 97 wrote, and how newer ones wrap what is locked
_READER = "newsdesk.articles.readers.workbook_process"

Cells = list[Any]


def read_workbook(file: TableFile, sheet: str | None = None) -> RawTable:
    """The sheet of that name; by default the one whose header names a title or a text, else the first that is not
    empty. Raises `DataError`."""
    if find_spec("python_calamine") is None:
        raise DataError(f"{file.path} needs the package that reads workbooks: pip install 'newsdesk[train]'.")
    if file.content.stat().st_size > LARGEST_WORKBOOK:
        raise DataError(f"{file.path} is larger than {LARGEST_WORKBOOK >> 30} GiB. Save it as CSV.")
    if file.start(4) == _COMPOUND_FILE and not file.path.name.lower().endswith(".xls"):
        raise DataError(f"{file.path} is locked with a password. Save it without one, or as CSV.")
    rows = _cells(file, sheet)
    first_rows = list(islice(rows, SEARCHED_ROWS))
    header_index = find_header(first_rows)
    header = Header(first_rows[header_index] if first_rows else [], file.path)
    numbered = _rows(header, header_index, chain(first_rows, rows))
    first = next(numbered, None)
    if first is None:
        raise DataError(f"{file.path} has no rows. Give a table with labelled articles.")
    return RawTable(file.path, header.names, chain((first,), numbered), original_columns=header.all_names)


def _rows(header: Header, header_index: int, rows: Iterator[Cells]) -> Iterator[RawRow]:
    for number, cells in enumerate(rows, start=1):
        if number > header_index + 1 and any(cell != "" for cell in cells):
            yield header.row(number, cells)


def _cells(file: TableFile, sheet: str | None) -> Iterator[Cells]:
    """Every row, as a process of its own reads them: two cells far apart, or one text that a million cells show, would
    fill the memory of this one."""
    command = [sys.executable, "-P", "-m", _READER, str(file.content), *([sheet] if sheet is not None else [])]
    process = subprocess.Popen(  # noqa: S603 - our own module, with a path for its argument
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            content = json.loads(line)
            if isinstance(content, dict):
                raise DataError(f"{file.path} {content['error']}")
            yield content
        if process.wait() != 0:
            raise DataError(
                f"{file.path} cannot be read as an Excel workbook: it is damaged, too large to be held, or something "
                "else. Delete what lies outside of the table and save it again, or as CSV."
            )
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
