"""Characters that nobody sees: soft hyphens, joiners, marks of direction, zero-width blanks.

They are Unicode's `Default_Ignorable_Code_Point`, which caseless matching ignores as well (`NFKC_Casefold`). That takes
in the joiners of Persian and of Indic scripts: with and without them a word looks different and is the same word, as
many write it. A zero-width space is a break that is allowed, and within a word it is nothing; but in scripts that are
written without blanks it is how a writer parts the words, and counts as a blank there.
"""

import re

import regex

from newsdesk.text.scripts import UNSPACED

_ZERO_WIDTH_SPACE = "\u200b"
_LETTERS = "\u115f\u1160\u3164\uffa0"  # invisible ones of Hangul
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ASCII = bytes(range(128))
_CHUNK = 2**15  # characters that are looked at without other threads having their turn
_drop = re.compile(f"[{_INVISIBLE}]+").sub
_find = re.compile(f"[{_INVISIBLE}]").search
_part = re.compile(f"(?<=[{UNSPACED}]){_ZERO_WIDTH_SPACE}|{_ZERO_WIDTH_SPACE}(?=[{UNSPACED}])").sub
_find_word = regex.compile(f"(?![{_LETTERS}])[\\p{{L}}\\p{{N}}]").search


def strip_invisible(text: str) -> str:
    """`text` as it looks: itself where nothing in it is invisible."""
    if not has_invisible(text):
        return text
    if _ZERO_WIDTH_SPACE in text:
        text = "".join(_part_words(text, begin) for begin in range(0, len(text), _CHUNK))
    return "".join([_drop("", text[begin : begin + _CHUNK]) for begin in range(0, len(text), _CHUNK)])


def _part_words(text: str, begin: int) -> str:
    """The piece of `text` from `begin` on with blanks where words are parted, told by what stands on either side."""
    before = min(begin, 1)
    return _part(" ", text[begin - before : begin + _CHUNK + 1])[before : before + _CHUNK]


def has_invisible(text: str) -> bool:
    """Whether any character of `text` is invisible."""
    return not text.isascii() and _find(non_ascii(text)) is not None


def non_ascii(text: str) -> str:
    """The characters of `text` that are not ASCII: of Latin letters' languages so few that looking at them alone takes
    a tenth of the time.
    """
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def has_words(text: str) -> bool:
    """Whether there is a letter or digit to be seen in `text`: the least that can be learnt from, or classified."""
    return _find_word(text) is not None
