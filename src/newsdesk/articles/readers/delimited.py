"""Delimited text tables, with the quoting or escaping of the tool that wrote them."""

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


def read_delimited(file: TableFile, declared: str) -> RawTable:
    """Raises `DataError`, `UsageError`, also while the rows are iterated."""
    encoding = encoding_of(file, declared)
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
        first_lines = list(StringIO(text.read(_SEARCHED), newline=""))
    filled = next((line for line in first_lines if line.strip()), "")
    sep_line = _SEP_LINE.match(filled)
    best: tuple[tuple[int, int], int, str, list[str]] | None = None
    for delimiter in sep_line[1] if sep_line else _DELIMITERS:
        rows = _first_rows(first_lines, delimiter)
        if sep_line:
            rows = [[] if _SEP_LINE.match(delimiter.join(row)) else row for row in rows]
        row_index = find_header(rows)
        cells = rows[row_index] if rows else []
        rank = (len(known_fields(cells)), filled.count(delimiter))
        if best is None or rank > best[0]:
            best = (rank, row_index, delimiter, cells)
    assert best is not None
    _, row_index, delimiter, cells = best
    return row_index + 1, Dialect(delimiter, _read_quoted), Header(cells, file.path)


def _first_rows(first_lines: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # told with its row when it is read
        rows.extend(islice(csv.reader(first_lines, delimiter=delimiter), SEARCHED_ROWS))
    return rows


def _dialect(file: TableFile, encoding: str, dialect: Dialect, header: Header, skipped: int) -> Dialect:
    """How quotation marks are written, if not by doubling them: tried on the whole file, but only where it may be."""
    alternatives = []
    if _has_backslash_marks(file, encoding):
        alternatives += [Dialect(dialect.delimiter, _read_backslashed), Dialect(dialect.delimiter, _read_escaped)]
    if dialect.delimiter == "\t":
        alternatives.append(Dialect("\t", _read_unquoted))
    if not alternatives or not _is_broken(file, encoding, dialect, header, skipped):
        return dialect
    return next(
        (candidate for candidate in alternatives if not _is_broken(file, encoding, candidate, header, skipped)), dialect
    )


def _has_backslash_marks(file: TableFile, encoding: str) -> bool:
    with open_text(file, encoding) as text:
        return any('\\"' in line or "\\," in line or "\\;" in line for line in lines(text, file))


def _is_broken(file: TableFile, encoding: str, dialect: Dialect, header: Header, skipped: int) -> bool:
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


def _read_quoted(text: Iterator[str], delimiter: str) -> CsvReader:
    """As RFC 4180 has it: a quotation mark in a quoted cell is doubled."""
    return csv.reader(text, delimiter=delimiter, strict=True)


def _read_backslashed(text: Iterator[str], delimiter: str) -> CsvReader:
    r"""As Spark and MySQL write: `\"` in a quoted cell, and `\\`; other backslashes are themselves."""
    doubled = (_ESCAPED.sub(lambda match: '""' if match[1] == '"' else "\\", line) for line in text)
    return csv.reader(doubled, delimiter=delimiter, strict=True)


def _read_escaped(text: Iterator[str], delimiter: str) -> CsvReader:
    r"""No cell is quoted: `\` stands before delimiters and quotation marks that belong to the text."""
    return csv.reader(text, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE, escapechar="\\")


def _read_unquoted(text: Iterator[str], delimiter: str) -> CsvReader:
    """As tables between tabs often are: quotation marks are part of the text."""
    return csv.reader(text, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE)
