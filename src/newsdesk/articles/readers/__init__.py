"""Read a table of articles, row by row, whichever tool wrote it."""

from pathlib import Path

from newsdesk.articles.readers.file_types import (
    PACKED,
    SUFFIXES,
    detect_content,
    is_table,
    known_endings,
    table_stem,
    unsupported_type,
)
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.articles.readers.unpacking import TableFile, unpack
from newsdesk.errors import DataError, UsageError

__all__ = ["PACKED", "SUFFIXES", "RawRow", "RawTable", "is_table", "read_table", "table_stem"]

_TEXT = ("csv", "jsonl", "json", "txt")


def read_table(path: Path, encoding: str = "utf-8", sheet: str | None = None) -> RawTable:
    """Open `path` by its suffix; of a workbook the sheet of that name, or else the one that holds articles.

    Raises `UsageError` or `DataError`, also while the rows are iterated.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such file. Check the path.")
    other = unsupported_type(path.name)
    if other:
        raise UsageError(f"{path} is {other}, and not a table that can be read. Export it as CSV.")
    if not path.is_file() or not (is_table(path.name) or path.suffix.lower() in PACKED):
        raise UsageError(f"{path} is not a table that can be read: give a file that ends in {known_endings()}.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty. Give a table with a header and labelled articles.")
    file = unpack(path)
    if sheet is not None and file.kind != "excel":
        raise UsageError(f"{path} is no Excel workbook and has no sheets. Leave --sheet out.")
    detected = detect_content(file.start(16)) if file.kind in _TEXT else None
    if detected:
        content_type, suffix = detected
        remedy = f"Let its name end in {suffix}" if suffix else "Export it as CSV"
        raise DataError(f"{path} is {content_type}, whatever its name says. {remedy}.")
    from newsdesk.articles.layouts import plain_table

    return plain_table(_read(file, encoding, sheet))


def _read(file: TableFile, encoding: str, sheet: str | None) -> RawTable:
    """By its kind; what a kind alone needs is imported for it alone."""
    match file.kind:
        case "csv":
            from newsdesk.articles.readers.delimited import read_delimited

            return read_delimited(file, encoding)
        case "json" | "jsonl":
            from newsdesk.articles.readers.json_document import read_json

            return read_json(file, encoding)
        case "txt":
            from newsdesk.articles.readers.fasttext import read_text

            return read_text(file, encoding)
        case "parquet":
            from newsdesk.articles.readers.arrow import read_parquet

            return read_parquet(file)
        case "arrow":
            from newsdesk.articles.readers.arrow import read_arrow

            return read_arrow(file)
        case _:
            from newsdesk.articles.readers.excel import read_workbook

            return read_workbook(file, sheet)
