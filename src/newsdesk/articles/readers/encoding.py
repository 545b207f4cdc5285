"""The encoding of text files, and errors where it is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO, TextIOWrapper
from typing import IO

from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError, UsageError

LONGEST_LINE = 16_000_000  # characters; a longer line is no row of a table
# The longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def encoding_of(file: TableFile, declared: str) -> str:
    """What the file's own byte order mark tells, else what the user said. Raises `UsageError`, `DataError`."""
    try:
        TextIOWrapper(BytesIO(), encoding=declared)
    except LookupError as error:
        raise UsageError(
            f"'{declared}' is not an encoding that Python knows. Try utf-8, windows-1252 or utf-16."
        ) from error
    start = file.start(1000)
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    if marked is None and declared.lower().replace("_", "-") in ("utf-8", "utf8"):
        for byte_order, high in (("le", start[1::2]), ("be", start[::2])):
            if high.count(0) > len(start) / 4:
                raise DataError(
                    f"{file.path} looks like UTF-16 without its mark. Save it as UTF-8, or say "
                    f"--encoding utf-16-{byte_order}."
                )
    return marked or declared


def open_text(file: TableFile, encoding: str, newline: str = "") -> IO[str]:
    """Open for reading; `encoding` as `encoding_of` tells it."""
    return file.content.open(encoding=encoding, newline=newline)


def lines(text: IO[str], file: TableFile) -> Iterator[str]:
    """Line by line, each with its end. Raises `DataError` where one would fill the memory."""
    for number, line in enumerate(iter(partial(text.readline, LONGEST_LINE), ""), start=1):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise DataError(
                f"{file.path}, line {number} has more than {LONGEST_LINE:,} characters. "
                "That is no table of articles: write one row a line."
            )
        yield line


@contextmanager
def decoding_errors(file: TableFile, encoding: str) -> Iterator[None]:
    """Raises `DataError` where what is read is not in `encoding`."""
    try:
        yield
    except UnicodeError as error:
        raise DataError(
            f"{file.path} is not {encoding}: {_first_bad_line(file, encoding)}. Save it as UTF-8, or say what it is, "
            "for example --encoding windows-1252 or --encoding utf-16."
        ) from error


def _first_bad_line(file: TableFile, encoding: str) -> str:
    with file.content.open("rb") as content:
        for number, line in enumerate(content, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return f"line {number} holds the byte 0x{line[error.start]:02x}"
            except UnicodeError:
                break
    return "it cannot be decoded"
