"""The files that are to be scored: what they are called, which columns they have, and their rows one by one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from newsdesk.articles.column_mapping import ColumnNames, find_columns
from newsdesk.articles.layouts.layout import NOT_ANNOTATED
from newsdesk.articles.readers import RawRow, RawTable, read_table
from newsdesk.articles.text_to_classify import UnusableCell, text_to_classify
from newsdesk.bulk.text_scorer import Unscored
from newsdesk.errors import DataError, UsageError


@dataclass(frozen=True)
class InputRow:
    """A row: in which file, its number there, its cells as the file has them, and what of it is classified."""

    file: Path
    number: int
    cells: dict[str, Any]
    text: str | Unscored


@dataclass(frozen=True)
class InputFile:
    """A file as it is now. `mapping`: field of an article → column; `columns` and `types` are those of the file."""

    path: Path
    mapping: dict[str, str]
    columns: list[str]
    types: dict[str, Any]
    stamp: tuple[int, int]  # bytes, and nanoseconds of the last change
    sha256: str


class Inputs:
    """Files that are read one after the other, as often as one likes."""

    def __init__(self, patterns: Sequence[str], names: ColumnNames, encoding: str, sheet: str | None = None) -> None:
        """`patterns` are paths, or patterns of them such as `news-*.csv`. Raises `UsageError`, `DataError`."""
        self._encoding, self._sheet = encoding, sheet
        paths = [path for pattern in patterns for path in _expand(pattern)]
        self.files = [_inspect(path, names, encoding, sheet) for path in dict.fromkeys(paths)]
        self.columns = list(dict.fromkeys(name for file in self.files for name in file.columns))

    def rows(self) -> Iterator[InputRow]:
        """Raises `DataError` where a file is another than it was."""
        for file in self.files:
            if _stamp(file.path) != file.stamp:
                raise _changed_error(file.path)
            for row in read_table(file.path, self._encoding, self._sheet).rows:
                yield InputRow(file.path, row.number, row.as_in_file, _text_to_score(row, file.mapping))
            if _stamp(file.path) != file.stamp:
                raise _changed_error(file.path)

    def types_of(self, column: str) -> list[Any]:
        """Arrow's types of a column, one for each file that has the column; None for one that has no types."""
        return [file.types.get(column) for file in self.files if column in file.columns]


def _expand(pattern: str) -> list[Path]:
    if Path(pattern).exists() or not has_magic(pattern):
        return [Path(pattern)]
    paths = sorted(glob(pattern, recursive=True))  # noqa: PTH207 - a pattern may begin with a folder, or at the root
    if not paths:
        raise UsageError(f"No file is called {pattern}. Check the pattern.")
    return [Path(name) for name in paths]


def _inspect(path: Path, names: ColumnNames, encoding: str, sheet: str | None) -> InputFile:
    table: RawTable = read_table(path, encoding, sheet)
    mapping = find_columns(table.columns, names, path)
    mapping = {field: column for field, column in mapping.items() if field in ("text", "title")}
    columns, types = table.columns_in_file, dict(table.types)
    del table  # and with it what was unpacked
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return InputFile(path, mapping, columns, types, _stamp(path), sha256)


def _text_to_score(row: RawRow, mapping: dict[str, str]) -> str | Unscored:
    if row.problem not in (None, NOT_ANNOTATED):
        return Unscored(str(row.problem))
    title = mapping.get("title")
    try:
        return text_to_classify(row.values.get(title) if title else None, row.values.get(mapping["text"]))
    except UnusableCell as unusable:
        return Unscored(unusable.fault)


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _changed_error(path: Path) -> DataError:
    return DataError(f"{path} changed while it was read. Wait until it is whole, and run the command again.")
