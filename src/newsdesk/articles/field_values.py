"""Extract a field's value from cells that hold a list or an object."""

import re
from collections.abc import Mapping
from datetime import date
from json import loads
from typing import Any

from newsdesk.articles.cells import plain_value

OPTIONAL_FIELDS = ("published_at", "source", "url", "language")  # no article is lost for one of these

_MEMBERS = {
    "published_at": ("$date", "date", "datetime", "value"),
    "source": ("name", "title", "$t", "#text", "value", "domain", "id"),
    "url": ("url", "href", "link", "$t", "#text", "value"),
    "language": ("code", "name", "value", "id"),
    "category": ("name", "label", "title", "value", "choice", "$t", "#text", "id"),
}
_DATABASE_IDS = ("$oid", "$numberLong", "$uuid")
_DATE_PARTS = ("year", "month", "day")
_PYTHON_LIST = re.compile(r"""^\[[\s,]*(?:(?:'[^'\\]*'|"[^"\\]*")[\s,]*)*]$""")
_PYTHON_ITEM = re.compile(r"""'([^']*)'|"([^"]*)\"""")
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
            values[field] = category_value(cell) if field == "category" else _plain_field(field, cell)
    return values, tuple(unused)


def optional_value(field: str, value: Any) -> tuple[Any, bool]:
    """The value of an optional field, and whether something was there that cannot be one."""
    plain = plain_value(_unwrap(field, value))
    fits = plain is None or isinstance(plain, str) or (field == "published_at" and isinstance(plain, date))
    return (plain, False) if fits else (None, True)


def category_value(value: Any) -> Any:
    """The category, None where the cell is empty; a list where it holds one that is empty, or of several."""
    if isinstance(value, str):
        value = written_list(value.strip())
    if isinstance(value, Mapping) and isinstance(value.get("choices"), list):
        value = value["choices"]  # as Label Studio writes them
    if isinstance(value, list):
        labels = [label for item in value if (label := plain_value(_unwrap("category", item))) is not None]
        if not all(isinstance(label, str) for label in labels):
            return value
        distinct = list(dict.fromkeys(labels))
        return distinct[0] if len(distinct) == 1 else distinct
    return plain_value(_unwrap("category", value))


def _plain_field(field: str, value: Any) -> Any:
    """A title or a text as it is; of an id that a database wrote as an object, its value."""
    if field == "id" and isinstance(value, Mapping):
        value = next((value[name] for name in _DATABASE_IDS if name in value), value)
    return plain_value(value)


def _unwrap(field: str, value: Any) -> Any:
    """Of a list of one its item, of an object the member that is meant."""
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else None
    if isinstance(value, Mapping):
        if field == "published_at" and all(isinstance(value.get(part), int) for part in _DATE_PARTS):
            return "-".join(f"{value[part]:02}" for part in _DATE_PARTS)
        members = (value.get(name) for name in _MEMBERS[field])
        return next((member for member in members if member not in (None, "")), value or None)
    return value


def written_list(text: str) -> Any:
    """A list that was written into a cell, as JSON, or as Python or NumPy shows it; else the text."""
    if not text.startswith(("[", "{")) or not text.endswith(("]", "}")) or len(text) > _LONGEST_LIST:
        return text
    if _PYTHON_LIST.match(text):
        return [single or double for single, double in _PYTHON_ITEM.findall(text)]
    try:
        parsed = loads(text)
    except (ValueError, RecursionError):
        return text
    return parsed if isinstance(parsed, list | dict) else text
