"""Text files: fastText's `__label__`, or a table between delimiters."""

import csv
import re
from collections.abc import Iterator

from newsdesk.articles.readers.delimited import read_delimited
from newsdesk.articles.readers.encoding import LONGEST_LINE, decoding_errors, encoding_of, lines, open_text
from newsdesk.articles.readers.header import known_fields
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError

_LABEL = re.compile(r"(?<!\S)__label__(\S+)")


def read_text(file: TableFile, declared: str) -> RawTable:
    """Raises `DataError`, `UsageError`, also while the rows are iterated."""
    encoding = encoding_of(file, declared)
    with decoding_errors(file, encoding), open_text(file, encoding) as text:
        first = next((line for line in lines(text, file) if line.strip()), None)
    if first is None:
        raise DataError(f"{file.path} has no rows. Give a table with labelled articles.")
    if _LABEL.search(first.removeprefix('"')):
        with decoding_errors(file, encoding), open_text(file, encoding) as text:
            quoted = any(line.startswith('"__label__') for line in lines(text, file))
        return RawTable(file.path, ["text", "label"], _rows(file, encoding, quoted=quoted))
    table = read_delimited(file, declared)
    if len(table.columns) < 2 and not known_fields(table.columns):
        raise DataError(
            f"{file.path} is plain text: no line begins with fastText's __label__, and there is no header. "
            "Give a table, for example CSV with the columns category and text."
        )
    return table


def _rows(file: TableFile, encoding: str, *, quoted: bool) -> Iterator[RawRow]:
    """A line an article; doccano quotes lines as CSV does, and leaves line breaks in them."""
    with decoding_errors(file, encoding), open_text(file, encoding, newline="" if quoted else "\n") as text:
        text_lines: Iterator[str] = lines(text, file)
        if quoted:
            csv.field_size_limit(LONGEST_LINE)
            text_lines = (",".join(cells) for cells in csv.reader(text_lines))
        for number, line in enumerate(text_lines, start=1):
            if line.strip():
                yield RawRow(number, {"text": _LABEL.sub(" ", line).strip(), "label": _LABEL.findall(line)})
