"""Cells that hold a list or an object: what of it is the value that a field asks for."""

import re
from collections.abc import Mapping
from datetime import date
from json import loads
from typing import Any

from newsdesk.articles.cells import plain_value

OPTIONAL_FIELDS = ("published_at", "source", "url", "language")  # no article is lost for one of these

_MEANT = {
    "published_at": ("$date", "date", "datetime", "value"),
    "source": ("name", "title", "$t", "#text", "value", "domain", "id"),
    "url": ("url", "href", "link", "$t", "#text", "value"),
    "language": ("code", "name", "value", "id"),
    "category": ("name", "label", "title", "value", "choice", "$t", "#text", "id"),
}
_DATABASE_IDS = ("$oid", "$numberLong", "$uuid")
_DATE_PARTS = ("year", "month", "day")
_SHOWN_LIST = re.compile(r"""^\[[\s,]*(?:(?:'[^'\\]*'|"[^"\\]*")[\s,]*)*]$""")
_SHOWN_ITEM = re.compile(r"""'([^']*)'|"([^"]*)\"""")
_LONGEST_LIST = 10_000  # characters, of a list that was written into a cell


def field_values(cells: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of the fields (`columns`: field → column), and the optional fields whose cells could not be used."""
    values: dict[str, Any] = {}
    unused = []
    for field, column in columns.items():
        cell = cells.get(column)
        if field in OPTIONAL_FIELDS:
            values[field], failed = optional_value(field, cell)
            if failed:
                unused.append(field)
        else:
            values[field] = category_value(cell) if field == "category" else _whole(field, cell)
    return values, tuple(unused)


def optional_value(field: str, value: Any) -> tuple[Any, bool]:
    """The value of an optional field, and whether something was there that cannot be one."""
    found = plain_value(_only_member(field, value))
    fits = found is None or isinstance(found, str) or (field == "published_at" and isinstance(found, date))
    return (found, False) if fits else (None, True)


def category_value(value: Any) -> Any:
    """The category, None where the cell is empty; a list where it holds one that is empty, or of several."""
    if isinstance(value, str):
        value = written_list(value.strip())
    if isinstance(value, Mapping) and isinstance(value.get("choices"), list):
        value = value["choices"]  # as Label Studio writes them
    if isinstance(value, list):
        labels = [label for item in value if (label := plain_value(_only_member("category", item))) is not None]
        if not all(isinstance(label, str) for label in labels):
            return value
        different = list(dict.fromkeys(labels))
        return different[0] if len(different) == 1 else different
    return plain_value(_only_member("category", value))


def _whole(field: str, value: Any) -> Any:
    """A title or a text as it is; of an id that a database wrote as an object, its value."""
    if field == "id" and isinstance(value, Mapping):
        value = next((value[name] for name in _DATABASE_IDS if name in value), value)
    return plain_value(value)


def _only_member(field: str, value: Any) -> Any:
    """Of a list of one its item, of an object the member that is meant."""
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else None
    if isinstance(value, Mapping):
        if field == "published_at" and all(isinstance(value.get(part), int) for part in _DATE_PARTS):
            return "-".join(f"{value[part]:02}" for part in _DATE_PARTS)
        members = (value.get(name) for name in _MEANT[field])
        return next((member for member in members if member not in (None, "")), value or None)
    return value


def written_list(text: str) -> Any:
    """A list that was written into a cell, as JSON, or as Python or NumPy shows it; else the text."""
    if not text.startswith(("[", "{")) or not text.endswith(("]", "}")) or len(text) > _LONGEST_LIST:
        return text
    if _SHOWN_LIST.match(text):
        return [single or double for single, double in _SHOWN_ITEM.findall(text)]
    try:
        found = loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list | dict) else text
