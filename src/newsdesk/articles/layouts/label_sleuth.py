"""Label Sleuth's export: a row for each text and category that somebody said yes or no to."""

from collections.abc import Sequence
from typing import Any

from newsdesk.articles.layouts.layout import NOT_ANNOTATED, Flat, Layout, Record

_TOOL_COLUMNS = {
    "workspace_id",
    "category_name",
    "document_id",
    "dataset",
    "uri",
    "label",
    "label_metadata",
    "label_type",
}
_METADATA = "metadata_"
_YES, _NO = ("true", "1"), ("false", "0")


def labels(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """A document may have several rows, so that its name is no id."""
    if not {"text", "label"}.issubset(columns):
        return None
    exported = "label_type" in columns and {"category_name", "workspace_id"} & set(columns)
    if not exported and not ("category_name" in columns and all(_is_answer(record.get("label")) for record in records)):
        return None
    kept = {name: name.removeprefix(_METADATA) for name in columns if name not in _TOOL_COLUMNS}
    yes_or_no = "category_name" in columns

    def flatten(record: Record) -> Flat:
        values: dict[str, Any] = {name: record.get(column) for column, name in kept.items()}
        label = record.get("label")
        if not yes_or_no:
            values["category"] = label
        elif str(label).strip().lower() in _YES:
            values["category"] = record.get("category_name")
        return values, None if values.get("category") else NOT_ANNOTATED

    return Layout([*kept.values(), "category"], flatten, "Label Sleuth's labels: the category is the one with a yes.")


def _is_answer(cell: Any) -> bool:
    return str(cell).strip().lower() in (*_YES, *_NO)
