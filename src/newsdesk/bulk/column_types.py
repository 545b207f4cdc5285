"""The types of values in each column: Parquet needs them before the first row is written."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

_LARGEST = 2**63  # beyond it a whole number is kept as text


class ColumnTypes:
    """`observed`: column → the types of its cells that are not empty."""

    def __init__(self) -> None:
        self.observed: dict[str, set[type]] = defaultdict(set)
        self.declared: dict[str, Any] = {}

    def note(self, cells: Mapping[str, Any]) -> None:
        for name, cell in cells.items():
            if cell is not None:
                self.observed[name].add(
                    str if isinstance(cell, int) and not -_LARGEST <= cell < _LARGEST else type(cell)
                )

    def declare(self, column: str, arrow_type: Any) -> None:
        """What the files that a column comes from all say about it."""
        self.declared[column] = arrow_type
