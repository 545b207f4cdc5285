"""Words and punctuation, as NLTK's `WordPunctTokenizer` splits them, without importing NLTK.

NLTK takes the engine of the `regex` package, for which a combining mark belongs to its word: Hindi, Thai and vocalised
Arabic stay whole, which Python's own `re` would cut into letters.
"""

import unicodedata
from collections.abc import Callable

import regex

from newsdesk.text.invisible import strip_invisible

TYPOGRAPHIC_MARKS = "\u00a0\u00a3\u20ac\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026"  # nbsp £ € – — ‘ ’ “ ” • …


def splitter(*, punctuation: bool, shortest: int = 1) -> Callable[[str], list[str]]:
    """A function from normalised text to its words, and its runs of punctuation if wanted, in order.

    Runs of fewer than `shortest` characters are left out.
    """
    word, other = f"\\w{{{shortest},}}", f"[^\\w\\s]{{{shortest},}}"
    find: Callable[[str], list[str]] = regex.compile(f"{word}|{other}" if punctuation else word).findall
    return find


def word_writer(
    *, lowercase: bool, punctuation: bool, numbers: bool, shortest: int, invisible: bool = False
) -> Callable[[str], bytes]:
    """A function from raw text to its tokens in UTF-8, parted by one space or more, in order.

    The tokens are those that `splitter` finds in the normalised text, without words of decimal digits unless `numbers`.
    Where punctuation is not wanted and numbers are, a text in ASCII, but for typographic marks, takes a way that is ten
    times faster; on this way words shorter than `shortest` stay, as single ASCII letters, digits and underscores.
    """
    split = splitter(punctuation=punctuation, shortest=shortest)
    letters = "".join(chr(code) if regex.match(r"\w", chr(code)) else " " for code in range(128))
    table = (letters.lower() if lowercase else letters).encode("ascii").ljust(256)

    def write(text: str) -> bytes:
        if not punctuation and numbers and (plain := _without_marks(text)).isascii():
            return plain.encode("ascii").translate(table)
        tokens = split(normalise(text, lowercase=lowercase, invisible=invisible))
        if not numbers:
            tokens = [token for token in tokens if not token.isdecimal()]
        return " ".join(tokens).encode("utf-8", "surrogatepass")

    return write


def _without_marks(text: str) -> str:
    """`text` with spaces in place of the marks outside ASCII that English news is full of; none belongs to a word."""
    if not text.isascii():
        for mark in TYPOGRAPHIC_MARKS:
            if mark in text:
                text = text.replace(mark, " ")
    return text


# A character with more marks than any language puts on it loses the rest (the limit of Unicode's stream-safe text, UAX
# #15): Python sorts the marks of a character in time that grows with their square, half an hour for a million of them.
_drop_marks = regex.compile(r"(?<!\p{M})(\p{M}{30})\p{M}+").sub
_CHUNK = 2**15  # characters
# What is composed with nothing before it: no mark, and no letter of Hangul or Kirat Rai, whose parts are letters, too.
_starts_anew = regex.compile(r"[^\p{M}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\U00016d40-\U00016d7f]").search
_find_words = splitter(punctuation=False)
_find_all = splitter(punctuation=True)


def normalise(text: str, *, lowercase: bool, invisible: bool = False) -> str:
    """Drop what is not seen (unless `invisible` is to stay), lower-case on request, and compose accents (Unicode NFC),
    so that one spelling is one string. A character keeps at most 30 combining marks.
    """
    if text.isascii():
        return text.lower() if lowercase else text
    if not invisible:
        text = strip_invisible(text)
    text = _drop_marks(r"\1", text)
    return _compose(text.lower() if lowercase else text)


def _compose(text: str) -> str:
    """`text` in Unicode's NFC, piece by piece, so that other threads have their turn in between."""
    if len(text) <= _CHUNK:
        return unicodedata.normalize("NFC", text)
    pieces = []
    begin = 0
    while begin < len(text):
        match = _starts_anew(text, begin + _CHUNK)
        end = match.start() if match else len(text)
        pieces.append(unicodedata.normalize("NFC", text[begin:end]))
        begin = end
    return "".join(pieces)


def words(text: str) -> list[str]:
    """The runs of letters, marks, digits and underscores in `text`, in order."""
    return _find_words(text)


def words_and_punctuation(text: str) -> list[str]:
    """What NLTK's `WordPunctTokenizer().tokenize(text)` returns, in order."""
    return _find_all(text)
