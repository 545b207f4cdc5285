"""The column of a table that says when each article was published."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict

from newsdesk.articles.date_parsing import DateOrder, infer_date_order, possible_moments, resolve
from newsdesk.articles.field_values import optional_value
from newsdesk.articles.readers import RawRow

_TOLD_ROWS = 4
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


def read_dates(rows: Sequence[RawRow], column: str, said: DateOrder | None) -> tuple[list[RawRow], DateReport]:
    """The rows with moments in UTC, or None, in that column, in the order that was `said` or that the rows tell."""
    cells = [optional_value("published_at", row.values.get(column)) for row in rows]
    found = [possible_moments(cell) for cell, _ in cells]
    order = said or infer_date_order(found)
    moments = [resolve(said_by_row, order) for said_by_row in found]
    whole = [row.problem is None for row in rows]
    empty = [cell is None and not is_of_another_kind for cell, is_of_another_kind in cells]
    lost = [ok and at is None and not nothing for ok, at, nothing in zip(whole, moments, empty, strict=True)]
    ambiguous = sum(lose and isinstance(said_by_row, dict) for lose, said_by_row in zip(lost, found, strict=True))
    if order is not None:
        ambiguous = 0  # what does not fit the order is not understood
    by_numbers = any(isinstance(said_by_row, dict) for said_by_row in found)
    report = DateReport(
        column=column,
        order=order if by_numbers else None,
        decided_by=None if order is None or not by_numbers else "user" if said else "rows",
        understood=sum(ok and at is not None for ok, at in zip(whole, moments, strict=True)),
        empty=sum(ok and nothing for ok, nothing in zip(whole, empty, strict=True)),
        ambiguous=ambiguous,
        not_understood=sum(lost) - ambiguous,
        rows=[row.number for row, lose in zip(rows, lost, strict=True) if lose][:_TOLD_ROWS],
    )
    read = [replace(row, values={**row.values, column: at}) for row, at in zip(rows, moments, strict=True)]
    return read, report
