"""doccano's exports, where they differ from plain rows: `data` for the text, `#` between labels of CSV."""

from collections.abc import Sequence

from newsdesk.articles.layouts.layout import NOT_ANNOTATED, Flat, Layout, Record

_COMMENTS = "Comments"


def rows(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """Version 1: labels as a list in JSON, joined in CSV."""
    if "label" not in columns or not {"text", "data"} & set(columns):
        return None
    has_lists = all(isinstance(record.get("label"), list) for record in records)
    if not ((has_lists and "data" in columns) or _COMMENTS in columns):
        return None
    names = {
        name: "text" if name == "data" and "text" not in columns else name for name in columns if name != _COMMENTS
    }

    def flatten(record: Record) -> Flat:
        values = {name: record.get(column) for column, name in names.items()}
        if isinstance(values["label"], str):
            labels = [label for label in values["label"].split("#") if label]
            values["label"] = labels[0] if len(labels) == 1 else labels
        return values, None if values["label"] else NOT_ANNOTATED

    return Layout(list(names.values()), flatten, "doccano's examples: the category is the label.")
