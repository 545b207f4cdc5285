"""A row of a table of articles as something to classify: the very file that one trains on may be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from newsdesk.articles.column_mapping import BY_NAME, match_columns
from newsdesk.articles.text_to_classify import LONGEST_TITLE, CellFault, UnusableCell, text_to_classify
from newsdesk.serving.errors import ApiError, invalid_input

RowId = str | int
_LONGEST_ID = 200  # characters
_LONGEST_NAMES = 1_000  # characters, of all columns of a row whose names are remembered
_PLAIN = frozenset({"text", "title", "id"})
_REFUSALS: dict[CellFault, str] = {
    "missing_text": "Text field is required",
    "title_not_text": "Title field must be a string",
    "text_not_text": "Text field must be a string",
    "title_too_long": f"Title field is too long: at most {LONGEST_TITLE:,} characters are taken",
}


@dataclass(frozen=True, slots=True)
class RequestRow:
    """Title and text joined, or why there is nothing to classify; and what the answer is to be known by."""

    text: str | ApiError
    id: RowId | None


class _Columns(NamedTuple):
    """Which column holds what."""

    text: str | None
    title: str | None
    id: str | None


def request_row(content: Any) -> RequestRow:
    """A row as an object with the columns of a table; all but id, title and text are passed over, as in training."""
    if not isinstance(content, dict):
        return RequestRow(invalid_input("A line must be a JSON object"), None)
    columns = _find_columns(content)
    row_id = content.get(columns.id) if columns.id else None
    if isinstance(row_id, float) and row_id.is_integer():
        row_id = int(row_id)
    try:
        _require_id(row_id)
    except ApiError as error:
        return RequestRow(error, None)
    try:
        return RequestRow(_row_text(content, columns), row_id)
    except ApiError as error:
        return RequestRow(error, row_id)


def _row_text(content: Mapping[str, Any], columns: _Columns) -> str:
    title = content.get(columns.title) if columns.title else None
    text = content.get(columns.text) if columns.text else None
    try:
        return text_to_classify(title, text)
    except UnusableCell as error:
        raise invalid_input(_REFUSALS[error.fault]) from None


def _require_id(row_id: Any) -> None:
    if isinstance(row_id, bool) or not isinstance(row_id, str | int | None):
        raise invalid_input("id must be a string or a whole number")
    if isinstance(row_id, str):
        if not 1 <= len(row_id) <= _LONGEST_ID:
            raise invalid_input(f"id must have 1 to {_LONGEST_ID} characters")
        if "\0" in row_id:
            raise invalid_input("id holds a NUL character")
        if not row_id.isascii() and any("\ud800" <= character <= "\udfff" for character in row_id):
            raise invalid_input("id holds a broken Unicode character")


def _find_columns(content: Mapping[str, Any]) -> _Columns:
    if content.keys() <= _PLAIN:
        return _Columns("text", "title", "id")
    names = tuple(content)
    return _cached_match(names) if sum(map(len, names)) <= _LONGEST_NAMES else _match_names(names)


def _match_names(names: tuple[str, ...]) -> _Columns:
    matched = match_columns(list(names), BY_NAME, Path())
    return _Columns(matched.get("text"), matched.get("title"), matched.get("id"))


_cached_match = lru_cache(maxsize=64)(_match_names)
