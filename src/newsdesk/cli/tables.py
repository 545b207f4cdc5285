"""How tables look."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDTH_IN_FILES = 120  # columns, where the output is no terminal


def wide_console() -> Console:
    """Standard output: as wide as the terminal, or wide enough for our tables."""
    console = Console(highlight=False, emoji=False)  # a category may be called `:soccer:`
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=_WIDTH_IN_FILES)


def table_of(*columns: str) -> Table:
    """A table with few lines."""
    return Table(*columns, box=SIMPLE_HEAD, pad_edge=False)


def print_table(console: Console, title: str, table: Table) -> None:
    """A table under its title, which may be wider than the table."""
    console.print(title, style="bold", markup=False)
    console.print(table)
