"""Excel workbooks: the one sheet that holds a table of articles."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from newsdesk.articles.readers.header import SEARCHED_ROWS, Header, find_header, known_fields
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile, allowed_size, bounded_copy, explained_unpacking, scratch_file
from newsdesk.errors import DataError

MOST_CELLS = 20_000_000  # a sheet is held as a rectangle, and two cells far apart make a large one
_REFERENCE = re.compile(rb"""\sr=["']([A-Z]{0,3})([0-9]{1,7})["']""")

Cells = list[Any]


def read_workbook(file: TableFile) -> RawTable:
    """The sheet whose header names a title or a text, else the first that is not empty. Raises `DataError`."""
    import python_calamine as calamine

    with _explained(file.path), _harmless(file) as content:
        workbook = calamine.CalamineWorkbook.from_path(content)
        visible = calamine.SheetVisibleEnum.Visible
        sheets = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == visible]
        name = _chosen(workbook, sheets, file.path)
        rows = workbook.get_sheet_by_name(name).iter_rows()
    top = list(islice(rows, SEARCHED_ROWS))
    place = find_header(top)
    header = Header(top[place], file.path)
    numbered = _rows(header, place, chain(top, rows))
    first = next(numbered, None)
    if first is None:
        raise DataError(f"{file.path}, sheet '{name}' has no rows. Give a table with labelled articles.")
    return RawTable(file.path, header.names, chain((first,), numbered))


def _chosen(workbook: Any, names: list[str], path: Path) -> str:
    tables, filled = [], []
    for name in names:
        top = list(islice(workbook.get_sheet_by_name(name).iter_rows(), SEARCHED_ROWS))
        if top:
            filled.append(name)
            known = known_fields(top[find_header(top)])
            if known & {"title", "text"} and len(known) > 1:
                tables.append(name)
    if len(tables) > 1:
        held = ", ".join(f"'{name}'" for name in tables[:5])
        raise DataError(f"{path} holds articles in {len(tables)} sheets ({held}). Save the one that is meant as CSV.")
    if not filled:
        raise DataError(f"{path} has no rows. Give a table with labelled articles.")
    return (tables or filled)[0]


def _rows(header: Header, place: int, rows: Iterator[Cells]) -> Iterator[RawRow]:
    for number, cells in enumerate(rows, start=1):
        if number > place + 1 and any(cell != "" for cell in cells):
            yield header.row(number, cells)


@contextmanager
def _harmless(file: TableFile) -> Iterator[Path]:
    """The workbook, or where it is a zip archive, a copy of its XML that was measured while it was unpacked."""
    if not file.start(4).startswith(b"PK"):
        yield file.content
        return
    copy, target = scratch_file()
    try:
        with explained_unpacking(file.path), target, zipfile.ZipFile(file.content) as archive:
            _copy(archive, target, file)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _copy(archive: zipfile.ZipFile, target: IO[bytes], file: TableFile) -> None:
    allowed = allowed_size(file.content.stat().st_size)
    with zipfile.ZipFile(target, "w") as out:
        for info in archive.infolist():
            if not info.filename.lower().endswith((".xml", ".rels")):
                continue
            with archive.open(info) as member, out.open(info.filename, "w", force_zip64=True) as copy:
                measured = _Measured(member, file.path) if "worksheets/" in info.filename else member
                allowed -= bounded_copy(measured, copy, allowed, file.path)


class _Measured:
    """The XML of a sheet, passed on while no two of its cells are further apart than a table's."""

    def __init__(self, member: IO[bytes], path: Path) -> None:
        self._member = member
        self._path = path
        self._rest = b""
        self._rows = self._columns = 1

    def read(self, size: int = -1) -> bytes:
        chunk = self._member.read(size)
        for letters, digits in _REFERENCE.findall(self._rest + chunk):
            self._rows = max(self._rows, int(digits))
            self._columns = max(self._columns, _column(letters))
        self._rest = chunk[-20:]
        if self._rows * self._columns > MOST_CELLS:
            raise DataError(
                f"{self._path} has a sheet of {self._rows:,} rows and {self._columns:,} columns. "
                "Delete what lies outside of the table, or save it as CSV."
            )
        return chunk


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    import python_calamine as calamine

    try:
        yield
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # a defect of the library on what is no workbook
            raise _damaged(path) from error
        raise


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{path} cannot be read as an Excel workbook: it is damaged, locked with a password, or something else. "
        "Save it again, or as CSV."
    )
