"""A column for each category, with 1 in the one that an article belongs to."""

from collections.abc import Sequence
from typing import Any

from newsdesk.articles.layouts.layout import Flat, Layout, Record, agreed_label, fields_of

_YES = {"1", "1.0", "true"}
_NO = {"0", "0.0", "false", ""}
_LEAST_SHARE = 0.5  # of the first rows that have exactly one yes; else the columns are about something else
_MAX_NAMES = 5


def label_columns(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """At least two columns of nothing but yes and no, where no column is known to hold the category."""
    known = fields_of(columns)
    if "category" in known or not {"text", "title"} & set(known):
        return None
    flags = [name for name in columns if name not in known.values() and _is_flag(name, records)]
    if len(flags) < 2:
        return None
    single = sum(sum(_is_yes(record.get(name)) for name in flags) == 1 for record in records)
    if single < _LEAST_SHARE * len(records):
        return None
    names = _without_prefix(flags)

    def flatten(record: Record) -> Flat:
        category = agreed_label(names[name] for name in flags if _is_yes(record.get(name)))
        return {**record, "category": category}, None

    shown = ", ".join(f"'{name}'" for name in flags[:_MAX_NAMES]) + (" …" if len(flags) > _MAX_NAMES else "")
    return Layout([*columns, "category"], flatten, f"The category is the one of the columns {shown} that holds 1.")


def _is_flag(name: str, records: Sequence[Record]) -> bool:
    cells = [_to_text(record.get(name)) for record in records]
    return set(cells) <= _YES | _NO and any(cell in _YES for cell in cells)


def _is_yes(cell: Any) -> bool:
    return _to_text(cell) in _YES


def _to_text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip().lower()


def _without_prefix(names: Sequence[str]) -> dict[str, str]:
    """As pandas' `get_dummies` names columns: `category_sport` is 'sport'."""
    for mark in "_.=:":
        prefix = names[0].partition(mark)[0] + mark
        if all(name.startswith(prefix) for name in names) and "category" in fields_of([prefix]):
            return {name: name.removeprefix(prefix) for name in names}
    return {name: name for name in names}
