"""Tables of the page: a caption, headings that say what they head, figures to the right."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from newsdesk.monitoring.page.markup import tag

Cell = str | Element


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]], words: Sequence[int] = ()) -> Element:
    """The first cell of a row names it. Columns whose numbers are in `words` hold words, all others figures."""
    text_columns = {0, *words}

    def cell(name: str, column: int, content: Cell, scope: str | None = None) -> Element:
        return tag(name, content, scope=scope, class_=None if column in text_columns else "figure")

    head = tag("tr", *(cell("th", i, heading, "col") for i, heading in enumerate(headings)))
    body = [
        tag("tr", cell("th", 0, row[0], "row"), *(cell("td", i, content) for i, content in enumerate(row) if i))
        for row in rows
    ]
    # What does not fit is scrolled, by keyboard too, not squeezed.
    return tag(
        "div",
        tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body)),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def folded(summary: str, *content: Element) -> Element:
    """Content that is opened on demand."""
    return tag("details", tag("summary", summary), *content)
