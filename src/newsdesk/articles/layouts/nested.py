"""Records whose members are objects: what search engines and news services answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from newsdesk.articles.layouts.layout import Flat, Layout, Record, column_names, fields_of

_WRAPPERS = ("_source", "fields", "attributes", "data", "node", "article")


def objects(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """Members stand beside the object (`headline.main`); those of an object that only wraps, under their own names."""
    nested = [name for name in columns if any(isinstance(record.get(name), Mapping) for record in records)]
    if not nested:
        return None

    def flatten(record: Record) -> Flat:
        values: dict[str, Any] = dict(record)
        for name in nested:
            inner = record.get(name)
            if not isinstance(inner, Mapping):
                continue
            if name in _WRAPPERS:
                values = {**values, **{key: value for key, value in inner.items() if key not in record}}
            else:
                values = {**{f"{name}.{key}": value for key, value in inner.items()}, **values}
        return values, None

    names = list(dict.fromkeys([*columns, *column_names(flatten(record)[0] for record in records)]))
    if _reveals_fields(names, columns, nested):
        kept = [name for name in names if name not in nested or name not in _WRAPPERS]
        shadowed = {name for name in nested if _is_shadowed(name, names)}
        return Layout(
            [name for name in kept if name not in shadowed], flatten, "Objects were opened for their members."
        )
    return None


def _reveals_fields(names: Sequence[str], columns: Sequence[str], nested: Sequence[str]) -> bool:
    """Whether opening shows a field that was not there, or was an object."""
    before = {field: name for field, name in fields_of(columns).items() if name not in nested}
    return bool(set(fields_of(names)) - set(before)) or any(_is_shadowed(name, names) for name in nested)


def _is_shadowed(name: str, names: Sequence[str]) -> bool:
    """Whether an object has a member that is known for the same field, such as `headline.main`."""
    fields = set(fields_of([name]))
    return bool(fields) and any(fields & set(fields_of([other])) for other in names if other.startswith(f"{name}."))
