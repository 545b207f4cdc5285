"""Words and punctuation, as NLTK's `WordPunctTokenizer` splits them, without importing NLTK.

NLTK takes the engine of the `regex` package, for which a combining mark belongs to its word: Hindi, Thai and vocalised
Arabic stay whole, which Python's own `re` would cut into letters.
"""

import unicodedata
from collections.abc import Callable

import regex


def splitter(*, punctuation: bool, shortest: int = 1) -> Callable[[str], list[str]]:
    """A function from normalised text to its words, and its runs of punctuation if wanted, in order.

    Runs of fewer than `shortest` characters are left out.
    """
    word, other = f"\\w{{{shortest},}}", f"[^\\w\\s]{{{shortest},}}"
    find: Callable[[str], list[str]] = regex.compile(f"{word}|{other}" if punctuation else word).findall
    return find


_find_words = splitter(punctuation=False)
_find_all = splitter(punctuation=True)


def normalise(text: str, *, lowercase: bool) -> str:
    """Lower-case on request, and compose accents (Unicode NFC) so that one spelling is one string."""
    if lowercase:
        text = text.lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def words(text: str) -> list[str]:
    """The runs of letters, marks, digits and underscores in `text`, in order."""
    return _find_words(text)


def words_and_punctuation(text: str) -> list[str]:
    """What NLTK's `WordPunctTokenizer().tokenize(text)` returns, in order."""
    return _find_all(text)
