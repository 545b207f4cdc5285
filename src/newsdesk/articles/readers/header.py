"""Find the header of a table, and match rows to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from newsdesk.articles.column_mapping import ColumnNames, match_columns
from newsdesk.articles.readers.table import RawRow, refuse_repeated
from newsdesk.errors import DataError

SEARCHED_ROWS = 30  # a preamble is shorter
_LONGEST_NAME = 60  # characters
_MOST_WORDS = 6  # in a name


def known_fields(cells: Sequence[Any]) -> set[str]:
    """The fields of an article that cells of a row are the known names of."""
    return set(match_columns([cell for cell in cells if isinstance(cell, str)], ColumnNames(), Path()))


def find_header(rows: Sequence[Sequence[Any]]) -> int:
    """The place of the header among the first rows: the first that is not blank, unless one after it, beneath a
    preamble, has more known names, and at least two."""
    filled = [index for index, cells in enumerate(rows) if any(_text(cell) for cell in cells)]
    if not filled:
        return 0
    counts = {index: len(known_fields(rows[index])) for index in filled}
    best = max(filled, key=lambda index: (counts[index], -index))
    return best if counts[best] >= 2 else filled[0]


class Header:
    """The names of the columns; those without a name hold what no article asks for. `all_names` have a name for these,
    too, by their place."""

    def __init__(self, cells: Sequence[Any], path: Path) -> None:
        """Raises `DataError` where a name appears twice, or where the row is plainly no header."""
        self._cells = [_text(cell) for cell in cells]
        if not known_fields(self._cells) and any(map(_is_prose, self._cells)):
            raise DataError(
                f"{path} has no header: its first row is an article. Put a row with the names of the columns above it, "
                "for example category,title,text."
            )
        refuse_repeated(self._cells, path)
        self.names = [name for name in self._cells if name]
        self.all_names = [name or self._make_name(index) for index, name in enumerate(self._cells, start=1)]
        self._min_cells = max((index for index, name in enumerate(self._cells, start=1) if name), default=0)

    def _make_name(self, index: int) -> str:
        name = f"column_{index}"
        while name in self._cells:
            name += "_"
        return name

    def fits(self, cells: Sequence[Any]) -> bool:
        """Whether a row has as many cells as there are columns; empty ones to its right are none."""
        if len(cells) == len(self._cells):
            return True
        return len(cells) >= self._min_cells and not any(_text(cell) for cell in cells[len(self._cells) :])

    def row(self, number: int, cells: Sequence[Any]) -> RawRow:
        """A row under this header; empty cells to its right are none."""
        if len(cells) == len(self.names) == len(self._cells):
            return RawRow(number, dict(zip(self.names, cells, strict=True)))
        problem = None if self.fits(cells) else "wrong_column_count"
        original = dict(zip(self.all_names, cells, strict=False))
        values = {name: cell for name, cell in zip(self._cells, cells, strict=False) if name}
        return RawRow(number, values, problem, None if len(self.names) == len(self._cells) else original)


def _is_prose(cell: str) -> bool:
    return len(cell) > _LONGEST_NAME or len(cell.split()) > _MOST_WORDS


def _text(cell: Any) -> str:
    return cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell)
