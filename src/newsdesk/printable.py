"""Text that is safe for terminals and ledgers: without control characters or changes of direction."""

import re

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tabulator and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029"  # what turns the direction, and other ends of lines
    "\ud800-\udfff]"  # halves of characters: in names of files, bytes that are no UTF-8
)
_BYTES = range(0xDC80, 0xDD00)  # what Python makes of such bytes


def printable(text: str) -> str:
    """The text, in which characters that nobody sees and terminals obey are written by their numbers, as in `\\x1b`."""
    return _UNPRINTABLE.sub(lambda match: _escape(ord(match[0])), text)


def one_line(text: str) -> str:
    """The same, in one line."""
    return " ".join(printable(text).split())


def _escape(character: int) -> str:
    if character in _BYTES:
        character -= 0xDC00
    return f"\\x{character:02x}" if character < 0x100 else f"\\u{character:04x}"
