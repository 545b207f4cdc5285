"""JSON that is one document: an array of records, an object around one, or a table by columns as pandas writes it."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from json import JSONDecoder
from pathlib import Path
from typing import Any

from newsdesk.articles.readers.encoding import decoding_errors, encoding_of, lines, open_text
from newsdesk.articles.readers.header import known_fields
from newsdesk.articles.readers.json_lines import parse, read_json_lines
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError

LARGEST_DOCUMENT = 512 << 20  # bytes; it is held whole
_ARRAY = re.compile(r"\s*\[\s*(?:\{|$)")
_DEEPEST = 3  # objects around the records
_REMEDY = "Write it as JSON Lines, one object with named fields a line, or as an array of such objects."

Record = dict[str, Any]


def read_json(file: TableFile, declared: str) -> RawTable:
    """JSON Lines under another name, or a document. Raises `DataError`, `UsageError`."""
    encoding = encoding_of(file, declared)
    with decoding_errors(file, encoding):
        if _is_lines(file, encoding):
            return read_json_lines(file, declared)
        return read_document(file, encoding)


def read_document(file: TableFile, encoding: str) -> RawTable:
    """A document whose encoding is known. Raises `DataError`."""
    size = file.content.stat().st_size
    if size > LARGEST_DOCUMENT:
        raise DataError(
            f"{file.path} is one JSON document of {size >> 20:,} MiB, too large to be held whole. "
            "Write it as JSON Lines, one object a line."
        )
    with open_text(file, encoding) as text:
        values = _values(text.read(), file.path)
    if not values:
        raise DataError(f"{file.path} has no rows. Give a table with labelled articles.")
    items = records(values[0], file.path) if len(values) == 1 else values
    columns = dict.fromkeys(name for record in items if isinstance(record, dict) for name in record)
    if not columns:
        raise DataError(f"{file.path} holds no record with named fields. {_REMEDY}")
    return RawTable(file.path, list(columns), _number_rows(items))


def records(value: Any, path: Path) -> list[Any]:
    """The records in a document. Raises `DataError` where there is none, or no telling which are meant."""
    if isinstance(value, list):
        return [_merge_pair(item) for item in value]
    if not isinstance(value, dict):
        raise DataError(f"{path} holds a single {type(value).__name__} in JSON. {_REMEDY}")
    table = _by_columns(value)
    if table is not None:
        return table
    arrays = list(_arrays(value, _DEEPEST))
    if len(arrays) > 1:
        arrays = [array for array in arrays if known_fields(list(array[1][0])) & {"text", "title"}]
    if len(arrays) == 1:
        return arrays[0][1]
    if known_fields(list(value)) & {"text", "title"}:
        return [value]
    named = ", ".join(name for name, _ in arrays[:5])
    content = f"several arrays of records ({named})" if arrays else "an object without an array of records"
    raise DataError(f"{path} holds {content} in JSON. {_REMEDY}")


def _merge_pair(item: Any) -> Any:
    """spaCy's `["The text", {"cats": …}]` as one object; anything else as it is."""
    match item:
        case [str(text), dict(annotation)]:
            return {"text": text} | annotation
    return item


def _by_columns(value: Record) -> list[Record] | None:
    """What pandas' `to_json` writes for each `orient`, and `to_dict` of others; None for anything else."""
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        names = [str(name) for name in columns]
        return [dict(zip(names, row, strict=False)) for row in data]
    if isinstance(value.get("schema"), dict) and isinstance(data, list):
        return data
    if not value:
        return None
    if all(isinstance(inner, dict) for inner in value.values()):
        return _of_objects(value)
    lists = list(value.values())
    if all(isinstance(inner, list) for inner in lists) and len({len(inner) for inner in lists}) == 1:
        plain = not any(isinstance(cell, dict) for inner in lists for cell in inner[:1])
        if plain and (len(lists) > 1 or known_fields(list(value))):
            return [dict(zip(value, cells, strict=True)) for cells in zip(*lists, strict=True)]
    return None


def _of_objects(value: dict[str, Record]) -> list[Record] | None:
    """Columns of cells by row, or rows of cells by column: whichever has the names of columns."""
    inner = dict.fromkeys(name for members in value.values() for name in members)
    outer_known, inner_known = len(known_fields(list(value))), len(known_fields(list(inner)))
    if inner_known > outer_known:
        is_numbered = all(name.isdecimal() for name in value)  # a number that the tool gave is no id
        return [record if is_numbered else {"id": name} | record for name, record in value.items()]
    if outer_known and not any(
        isinstance(cell, dict | list) for members in value.values() for cell in members.values()
    ):
        return [{name: cells.get(row) for name, cells in value.items()} for row in inner]
    return None


def _arrays(value: Record, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Arrays of objects in an object, and in the objects in it; not those in records."""
    for name, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield name, inner
        elif isinstance(inner, dict) and depth > 1:
            yield from _arrays(inner, depth - 1)


def _is_lines(file: TableFile, encoding: str) -> bool:
    """Whether the file holds an object a line. Where its name does not say so, there must be one among the first lines
    that ends with its line. An array of objects is none, whatever the name."""
    with open_text(file, encoding, newline="\n") as text:
        first_lines = list(islice((line for line in lines(text, file) if line.strip()), 20))
    if first_lines and _ARRAY.match(first_lines[0]):
        return False
    if file.kind == "jsonl":
        return True
    return len(first_lines) > 1 and any(isinstance(_parse_or_none(line), dict) for line in first_lines)


def _parse_or_none(line: str) -> Any:
    try:
        return parse(line)
    except ValueError:
        return None


def _values(text: str, path: Path) -> list[Any]:
    """One value, or several, one after the other, as `jq` writes them."""
    decoder = JSONDecoder()
    values: list[Any] = []
    position = _skip_blanks(text, 0)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, getattr(error, "pos", position)) + 1
            reason = getattr(error, "msg", "nested too deep, or a number too long")
            raise DataError(f"{path} is not valid JSON at line {line}: {reason}. Write it again.") from error
        values.append(value)
        position = _skip_blanks(text, position)
    return values


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _number_rows(items: Iterable[Any]) -> Iterator[RawRow]:
    for number, record in enumerate(items, start=1):
        if isinstance(record, dict):
            yield RawRow(number, record)
        else:
            yield RawRow(number, {}, problem="not_an_object")
