"""How tables look. What stands in them is text, whoever wrote it: no markup, and no command to a terminal."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsdesk.printable import printable

_WIDTH_IN_FILES = 120  # columns, where the output is no terminal


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
    """A table under its title, which may be wider than the table."""
    console.print(title, style="bold")
    console.print(table)


def styled(*parts: str | tuple[str, str]) -> Text:
    """Pieces of text, some with a style."""
    return Text.assemble(
        *(printable(part) if isinstance(part, str) else (printable(part[0]), part[1]) for part in parts)
    )
