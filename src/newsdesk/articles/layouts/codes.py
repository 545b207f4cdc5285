"""A column that is named like a text, and holds codes: the cluster of a story, the name of a file."""

from collections.abc import Sequence

from newsdesk.articles.cells import plain_value
from newsdesk.articles.layouts.layout import Layout, Record, fields_of


def text_of_codes(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """Where no text has a blank, but titles have, the titles are what there is to read."""
    known = fields_of(columns)
    text, title = known.get("text"), known.get("title")
    if text is None or title is None or len(records) < 2:
        return None
    if _has_blank(records, text) or not _has_blank(records, title):
        return None
    kept = [name for name in columns if name != text]
    return Layout(kept, lambda record: (dict(record), None), f"The column '{text}' holds codes, and not texts.")


def _has_blank(records: Sequence[Record], column: str) -> bool:
    cells = (plain_value(record.get(column)) for record in records)  # some tools write texts as bytes
    return any(" " in cell for cell in cells if isinstance(cell, str))
