"""Tables for terminals. Cells are plain text: no markup, and no terminal control sequences."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from newsdesk.printable import printable

_WIDTH_IN_FILES = 120  # columns, where the output is no terminal
_SENTENCE = 40  # columns that a sentence has there at least
_WIDEST = 100_000


class PlainConsole(Console):
    """Prints strings as they are, but for what commands a terminal."""

    def __init__(self, **options: Any) -> None:
        # A category may be called `:soccer:`, a file `[red].csv`.
        super().__init__(highlight=False, emoji=False, markup=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


class PlainTable(Table):
    """A table whose cells are printed as they are; one in colours is a `Text`."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*(Text(printable(cell)) if isinstance(cell, str) else cell for cell in cells), **options)


def wide_console() -> PlainConsole:
    """Standard output: as wide as the terminal, or wide enough for our tables."""
    console = PlainConsole()
    return console if console.is_terminal else PlainConsole(width=_WIDTH_IN_FILES)


def table_of(*columns: str) -> PlainTable:
    """A table with few lines."""
    return PlainTable(*columns, box=SIMPLE_HEAD, pad_edge=False)


def print_table(console: Console, title: str, table: Table) -> None:
    """A table under its title. Digests and versions are there to be copied: where its words need more room than there
    is, a terminal shows each row as a list, and elsewhere lines are too long rather than words cut."""
    console.print(title, style="bold")
    for column in table.columns:  # sentences give way, by lines, before single words do
        cells = [str(cell).strip() for cell in column.cells]
        column.no_wrap = column.no_wrap or not any(" " in cell for cell in cells)
        column.overflow = "fold"
        lines = str(column.header).splitlines() + cells if column.no_wrap else cells
        column.min_width = _min_width(lines, whole=column.no_wrap, sentence=1 if console.is_terminal else _SENTENCE)
    wide_options = console.options.update(width=_WIDEST, max_width=_WIDEST)
    needed = Measurement.get(console, wide_options, table).minimum
    original_width = console.width
    if needed > original_width and console.is_terminal:
        table = _to_lists(table)
        needed = Measurement.get(console, wide_options, table).minimum
    console.width = max(original_width, needed)
    console.print(table)
    console.width = original_width


def _min_width(cells: list[str], *, whole: bool, sentence: int) -> int:
    """The least width of a column, of which rich, short of room, would cut words though others can be wrapped."""
    longest = max(map(cell_len, cells), default=0)
    words = (cell_len(word) for cell in cells for word in cell.split())
    return longest if whole else max(min(sentence, longest), max(words, default=0))


def _to_lists(table: Table) -> Table:
    """The rows one below the other: a line for each cell that is not empty, behind the heading of its column."""
    lists = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    longest = max((cell_len(_one_line(column)) for column in table.columns), default=0)
    lists.add_column(style="dim", min_width=longest)
    lists.add_column(overflow="fold")
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            if str(cell).strip():
                lists.add_row(_one_line(column), cell)
        lists.add_row()
    return lists


def _one_line(column: Column) -> str:
    return " ".join(str(column.header).split())


def styled(*parts: str | tuple[str, str]) -> Text:
    """Pieces of text, some with a style."""
    return Text.assemble(
        *(printable(part) if isinstance(part, str) else (printable(part[0]), part[1]) for part in parts)
    )
