"""The column of a table that says when each article was published."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict

from newsdesk.articles.date_parsing import DateOrder, infer_date_order, possible_moments, resolve
from newsdesk.articles.field_values import optional_value
from newsdesk.articles.readers import RawRow

_MAX_ROWS = 4
_WORDS: dict[DateOrder, str] = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}


class DateReport(BaseModel):
    """How dates were read. `order` is that of day, month and year where numbers alone tell them, `decided_by` who said
    so; None where there is no such date, or where the rows do not tell. Counts are of rows: `ambiguous` ones are dates
    in whichever order, but none without one; `rows` are the first that were not understood or are ambiguous.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    order: DateOrder | None
    decided_by: Literal["rows", "user"] | None
    understood: int
    empty: int
    ambiguous: int
    not_understood: int
    rows: list[int]

    def sentences(self) -> Iterator[str]:
        """For people; nothing where there is nothing to know."""
        if self.order and self.decided_by == "rows":
            yield f"Dates in '{self.column}' are written with {_WORDS[self.order]}, as its rows show."
        if self.ambiguous:
            yield (
                f"{self.ambiguous:,} dates in '{self.column}' may have day or month first, and no row tells: they were "
                "left out. Say --date-order dmy, mdy or ymd."
            )
        if self.not_understood:
            yield f"{self.not_understood:,} dates in '{self.column}' were not understood, and left out."
        if self.rows:
            more = " …" if self.ambiguous + self.not_understood > len(self.rows) else ""
            yield f"Dates were left out in rows {', '.join(map(str, self.rows))}{more}; their articles stay."


def read_dates(rows: Sequence[RawRow], column: str, requested: DateOrder | None) -> tuple[list[RawRow], DateReport]:
    """The rows with moments in UTC, or None, in that column, read in the `requested` order or the one the rows tell."""
    cells = [optional_value("published_at", row.values.get(column)) for row in rows]
    readings = [possible_moments(cell) for cell, _ in cells]
    order = requested or infer_date_order(readings)
    moments = [resolve(reading, order) for reading in readings]
    readable = [row.problem is None for row in rows]
    empty = [cell is None and not is_of_another_kind for cell, is_of_another_kind in cells]
    are_lost = [
        is_readable and moment is None and not is_empty
        for is_readable, moment, is_empty in zip(readable, moments, empty, strict=True)
    ]
    ambiguous = sum(is_lost and isinstance(reading, dict) for is_lost, reading in zip(are_lost, readings, strict=True))
    if order is not None:
        ambiguous = 0  # what does not fit the order is not understood
    has_numbers = any(isinstance(reading, dict) for reading in readings)
    report = DateReport(
        column=column,
        order=order if has_numbers else None,
        decided_by=None if order is None or not has_numbers else "user" if requested else "rows",
        understood=sum(
            is_readable and moment is not None for is_readable, moment in zip(readable, moments, strict=True)
        ),
        empty=sum(is_readable and is_empty for is_readable, is_empty in zip(readable, empty, strict=True)),
        ambiguous=ambiguous,
        not_understood=sum(are_lost) - ambiguous,
        rows=[row.number for row, is_lost in zip(rows, are_lost, strict=True) if is_lost][:_MAX_ROWS],
    )
    new_rows = [replace(row, values={**row.values, column: moment}) for row, moment in zip(rows, moments, strict=True)]
    return new_rows, report
