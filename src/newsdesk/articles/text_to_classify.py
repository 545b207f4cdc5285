"""The text of a row to classify: title and text joined, by one rule for the server and for files."""

from typing import Any, Literal

from newsdesk.articles.cells import plain_value
from newsdesk.text.cleaning import join_title_and_text

LONGEST_TITLE = 10_000  # characters

CellFault = Literal["missing_text", "title_not_text", "text_not_text", "title_too_long"]


class UnusableCell(ValueError):  # noqa: N818 - it says which cell is in error
    """A row has nothing that could be classified; `fault` is a reason code."""

    def __init__(self, fault: CellFault) -> None:
        super().__init__(fault)
        self.fault: CellFault = fault


def text_to_classify(title_cell: Any, text_cell: Any) -> str:
    """As `articles.quarantine` takes them: numbers are text, a title alone is a text. Raises `UnusableCell`."""
    title = plain_value(title_cell)
    if title is None and isinstance(text_cell, str):
        return text_cell
    text = plain_value(text_cell)
    if title is None and text is None:
        raise UnusableCell("missing_text")
    if not isinstance(title, str | None):
        raise UnusableCell("title_not_text")
    if title is not None and len(title) > LONGEST_TITLE:
        raise UnusableCell("title_too_long")
    if not isinstance(text, str | None):
        raise UnusableCell("text_not_text")
    return join_title_and_text(title or "", text or "")
