"""Read a table of articles, row by row: CSV, JSON Lines or Parquet."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.errors import DataError, UsageError

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True)
class RawRow:
    """A row as the file has it.

    `number` is what an editor or spreadsheet shows: the header of a CSV file is row 1; a line of JSON Lines is its own
    number; the first row of a Parquet file is 1. `problem` is the reason code of a row that could not be read at all.
    """

    number: int
    values: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True)
class RawTable:
    """The names of the columns, and the rows, read while one iterates."""

    path: Path
    columns: list[str]
    rows: Iterator[RawRow]


def read_table(path: Path, encoding: str = "utf-8") -> RawTable:
    """Open `path` by its suffix. Raises `UsageError` or `DataError`, also while the rows are iterated."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such file. Check the path.")
    kind = SUFFIXES.get(path.suffix.lower())
    if not path.is_file() or kind is None:
        raise UsageError(f"{path} is not a table that can be read: give a file that ends in {', '.join(SUFFIXES)}.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty. Give a table with a header and labelled articles.")
    if kind == "parquet":
        return _read_parquet(path)
    records = _read_csv(path, encoding) if kind == "csv" else _read_json_lines(path, encoding)
    rows = _explain_decoding(records, path, encoding)
    header = next(rows, None) if kind == "csv" else None
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} has no rows. Give a table with labelled articles.")
    if header is not None:
        return RawTable(path, list(header.values), chain((first,), rows))
    read = [first, *rows]
    columns = dict.fromkeys(name for row in read for name in row.values)
    if not columns:
        raise DataError(f"{path}: no line is a JSON object with named fields. Give one object a line.")
    return RawTable(path, list(columns), iter(read))


def _read_csv(path: Path, encoding: str) -> Iterator[RawRow]:
    """The header as a first row whose values are its own names, then the data."""
    csv.field_size_limit(MAX_TEXT_LENGTH)
    with path.open(encoding=_skip_mark(encoding), newline="") as file:
        header_line = next((line for line in file if line.strip()), "")
        file.seek(0)
        delimiter = max(",;\t|", key=header_line.count)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header: list[str] = []
        number = 0
        try:
            for number, cells in enumerate(reader, start=1):
                if not cells or not (header or any(cells)):
                    continue
                if not header:
                    header = [name.strip() for name in cells]
                    _refuse_repeated(header, path)
                    yield RawRow(number, {name: name for name in header})
                elif len(cells) == len(header):
                    yield RawRow(number, dict(zip(header, cells, strict=True)))
                else:
                    yield RawRow(number, dict(zip(header, cells, strict=False)), problem="wrong_column_count")
        except csv.Error as error:
            raise DataError(
                f"{path}, row {number + 1} (near line {reader.line_num}): {error}. Most likely a quotation mark "
                "there is not closed, or one inside a quoted cell is not doubled: correct that row."
            ) from error


def _refuse_repeated(header: list[str], path: Path) -> None:
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise DataError(f"{path}: column '{repeated[0]}' appears more than once in the header. Rename or remove one.")


def _read_json_lines(path: Path, encoding: str) -> Iterator[RawRow]:
    with path.open(encoding=_skip_mark(encoding), newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):  # ValueError: no JSON, or a number of thousands of digits
                yield RawRow(number, {}, problem="invalid_json")
                continue
            if isinstance(values, dict):
                yield RawRow(number, values)
            else:
                yield RawRow(number, {}, problem="not_an_object")


def _read_parquet(path: Path) -> RawTable:
    import pyarrow
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise _damaged_parquet(path, error) from error

    def rows() -> Iterator[RawRow]:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=4096):
                for values in batch.to_pylist():
                    number += 1
                    yield RawRow(number, values)
        except (pyarrow.ArrowException, OSError) as error:
            raise _damaged_parquet(path, error) from error

    if file.metadata.num_rows == 0:
        raise DataError(f"{path} has no rows. Give a table with labelled articles.")
    _refuse_repeated(file.schema_arrow.names, path)
    return RawTable(path, file.schema_arrow.names, rows())


def _damaged_parquet(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}. Write it again, or give CSV.")


def _skip_mark(encoding: str) -> str:
    """Let a byte order mark at the start of UTF-8 be skipped."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _explain_decoding(rows: Iterator[RawRow], path: Path, encoding: str) -> Iterator[RawRow]:
    try:
        yield from rows
    except LookupError as error:
        raise UsageError(
            f"'{encoding}' is not an encoding that Python knows. Try utf-8, windows-1252 or utf-16."
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"{path} is not {encoding}: {_first_bad_line(path, encoding)}. Save it as UTF-8, or say what it is, "
            "for example --encoding windows-1252 or --encoding utf-16."
        ) from error


def _first_bad_line(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return f"line {number} holds the byte 0x{line[error.start]:02x}"
            except UnicodeError:
                break
    return "it cannot be decoded"
