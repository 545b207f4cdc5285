"""JSON Lines: one object a line."""

import json
from collections.abc import Iterator
from typing import Any

from newsdesk.articles.readers.encoding import decoding_errors, encoding_of, lines, open_text
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError


def read_json_lines(file: TableFile, declared: str) -> RawTable:
    """Read twice: for the names of the columns, then row by row. Raises `DataError`, `UsageError`."""
    encoding = encoding_of(file, declared)
    columns: dict[str, None] = {}
    empty = True
    for row in _rows(file, encoding):
        empty = False
        columns |= dict.fromkeys(row.values)
    if empty:
        raise DataError(f"{file.path} has no rows. Give a table with labelled articles.")
    if not columns:
        raise DataError(f"{file.path}: no line is a JSON object with named fields. Give one object a line.")
    return RawTable(file.path, list(columns), _rows(file, encoding))


def parse(text: str) -> Any:
    """The value that `text` is in JSON. Raises `ValueError`, also where it is nested too deep."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _rows(file: TableFile, encoding: str) -> Iterator[RawRow]:
    with decoding_errors(file, encoding), open_text(file, encoding, newline="\n") as text:
        for number, line in enumerate(lines(text, file), start=1):
            if not line.strip():
                continue
            try:
                values = parse(line)
            except ValueError:
                yield RawRow(number, {}, problem="invalid_json")
                continue
            if isinstance(values, dict):
                yield RawRow(number, values)
            else:
                yield RawRow(number, {}, problem="not_an_object")
