"""The result of every reader: the names of the columns, and the rows, read during iteration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from newsdesk.errors import DataError


@dataclass(frozen=True)
class RawRow:
    """A row as the file has it.

    `number` is what an editor or spreadsheet shows: the first row of a CSV file or a sheet is 1, a line of JSON Lines
    is its own number, the first record of a JSON array or a Parquet file is 1. `problem` is the reason code of a row
    that could not be read at all. `original` has the cells as they stand in the file, where `values` differ.
    """

    number: int
    values: dict[str, Any]
    problem: str | None = None
    original: dict[str, Any] | None = None

    @property
    def as_in_file(self) -> dict[str, Any]:
        """The cells as they stand in the file."""
        return self.values if self.original is None else self.original


@dataclass(frozen=True)
class RawTable:
    """The names of the columns, and the rows, read while one iterates.

    `notes` say, a sentence each, what was derived from how the file is laid out. `original_columns` are those of the
    file, where `columns` differ. `types` are Arrow's, for the columns of a file that has them.
    """

    path: Path
    columns: list[str]
    rows: Iterator[RawRow]
    notes: tuple[str, ...] = ()
    original_columns: list[str] | None = None
    types: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns_in_file(self) -> list[str]:
        """The columns as they stand in the file."""
        return self.columns if self.original_columns is None else self.original_columns


def refuse_repeated(names: Sequence[str], path: Path) -> None:
    """Raises `DataError` where two columns have one name."""
    repeated = [name for name in names if name and names.count(name) > 1]
    if repeated:
        raise DataError(f"{path}: column '{repeated[0]}' appears more than once in the header. Rename or remove one.")
