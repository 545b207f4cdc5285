"""Tables as text: cells between delimiters, quoted or escaped as the tool that wrote them does."""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from typing import Protocol

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.articles.readers.encoding import decoding_errors, encoding_of, lines, open_text
from newsdesk.articles.readers.header import SEARCHED_ROWS, Header, find_header, known_fields
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError

_DELIMITERS = ",;\t|"
_SEARCHED = 2_000_000  # characters, among which the header is
_SEP_LINE = re.compile(r"""^"?sep=(.)"?\s*$""", re.IGNORECASE)  # tells Excel the delimiter
_ESCAPED = re.compile(r'\\(["\\])')


class CsvReader(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart."""

    delimiter: str
    read: Callable[[Iterator[str], str], CsvReader]


def read_delimited(file: TableFile, said: str) -> RawTable:
    """Raises `DataError`, `UsageError`, also while the rows are iterated."""
    encoding = encoding_of(file, said)
    csv.field_size_limit(MAX_TEXT_LENGTH)
    with decoding_errors(file, encoding):
        skipped, dialect, header = _header(file, encoding)
        dialect = _dialect(file, encoding, dialect, header, skipped)
    rows = _rows(file, encoding, dialect, header, skipped)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{file.path} has no rows. Give a table with labelled articles.")
    return RawTable(file.path, header.names, chain((first,), rows), original_columns=header.all_names)


def _header(file: TableFile, encoding: str) -> tuple[int, Dialect, Header]:
    """How many rows end with the header, what delimits their cells, and the header."""
    with open_text(file, encoding) as text:
        top = list(StringIO(text.read(_SEARCHED), newline=""))
    filled = next((line for line in top if line.strip()), "")
    told = _SEP_LINE.match(filled)
    best: tuple[tuple[int, int], int, str, list[str]] | None = None
    for delimiter in told[1] if told else _DELIMITERS:
        rows = _first_rows(top, delimiter)
        if told:
            rows = [[] if _SEP_LINE.match(delimiter.join(row)) else row for row in rows]
        place = find_header(rows)
        cells = rows[place] if rows else []
        worth = (len(known_fields(cells)), filled.count(delimiter))
        if best is None or worth > best[0]:
            best = (worth, place, delimiter, cells)
    assert best is not None
    _, place, delimiter, cells = best
    return place + 1, Dialect(delimiter, _quoted), Header(cells, file.path)


def _first_rows(top: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # told with its row when it is read
        rows.extend(islice(csv.reader(top, delimiter=delimiter), SEARCHED_ROWS))
    return rows


def _dialect(file: TableFile, encoding: str, dialect: Dialect, header: Header, skipped: int) -> Dialect:
    """How quotation marks are written, if not by doubling them: tried on the whole file, but only where it may be."""
    others = []
    if _has_backslash_marks(file, encoding):
        others += [Dialect(dialect.delimiter, _backslashed), Dialect(dialect.delimiter, _escaped)]
    if dialect.delimiter == "\t":
        others.append(Dialect("\t", _bare))
    if not others or not _broken(file, encoding, dialect, header, skipped):
        return dialect
    return next((one for one in others if not _broken(file, encoding, one, header, skipped)), dialect)


def _has_backslash_marks(file: TableFile, encoding: str) -> bool:
    with open_text(file, encoding) as text:
        return any('\\"' in line or "\\," in line or "\\;" in line for line in lines(text, file))


def _broken(file: TableFile, encoding: str, dialect: Dialect, header: Header, skipped: int) -> bool:
    with open_text(file, encoding) as text:
        rows = islice(dialect.read(lines(text, file), dialect.delimiter), skipped, None)
        try:
            return any(cells and not header.fits(cells) for cells in rows)
        except csv.Error:
            return True


def _rows(file: TableFile, encoding: str, dialect: Dialect, header: Header, skipped: int) -> Iterator[RawRow]:
    number = 0
    with decoding_errors(file, encoding), open_text(file, encoding) as text:
        reader = dialect.read(lines(text, file), dialect.delimiter)
        try:
            for number, cells in enumerate(reader, start=1):
                if number > skipped and any(cell.strip() for cell in cells):
                    yield header.row(number, cells)
        except csv.Error as error:
            raise DataError(
                f"{file.path}, row {number + 1} (near line {reader.line_num}): {error}. Most likely a quotation mark "
                "there is not closed, or one inside a quoted cell is not doubled: correct that row."
            ) from error


def _quoted(text: Iterator[str], delimiter: str) -> CsvReader:
    """As RFC 4180 has it: a quotation mark in a quoted cell is doubled."""
    return csv.reader(text, delimiter=delimiter, strict=True)


def _backslashed(text: Iterator[str], delimiter: str) -> CsvReader:
    r"""As Spark and MySQL write: `\"` in a quoted cell, and `\\`; other backslashes are themselves."""
    doubled = (_ESCAPED.sub(lambda match: '""' if match[1] == '"' else "\\", line) for line in text)
    return csv.reader(doubled, delimiter=delimiter, strict=True)


def _escaped(text: Iterator[str], delimiter: str) -> CsvReader:
    r"""No cell is quoted: `\` stands before delimiters and quotation marks that belong to the text."""
    return csv.reader(text, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE, escapechar="\\")


def _bare(text: Iterator[str], delimiter: str) -> CsvReader:
    """As tables between tabs often are: quotation marks are part of the text."""
    return csv.reader(text, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE)
