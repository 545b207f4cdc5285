"""Words and punctuation, as NLTK's `WordPunctTokenizer` splits them, without importing NLTK.

NLTK takes the engine of the `regex` package, for which a combining mark belongs to its word: Hindi, Thai and vocalised
Arabic stay whole, which Python's own `re` would cut into letters.
"""

import unicodedata

import regex

_WORD = regex.compile(r"\w+")
_WORD_OR_PUNCTUATION = regex.compile(r"\w+|[^\w\s]+")


def normalise(text: str, *, lowercase: bool) -> str:
    """Lower-case on request, and compose accents (Unicode NFC) so that one spelling is one string."""
    if lowercase:
        text = text.lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def words(text: str) -> list[str]:
    """The runs of letters, marks, digits and underscores in `text`, in order."""
    return _WORD.findall(text)


def words_and_punctuation(text: str) -> list[str]:
    """What NLTK's `WordPunctTokenizer().tokenize(text)` returns, in order."""
    return _WORD_OR_PUNCTUATION.findall(text)
