"""Words and punctuation, as NLTK's `WordPunctTokenizer` splits them, without importing NLTK."""

import re
import unicodedata

_WORD = re.compile(r"\w+")
_WORD_OR_PUNCTUATION = re.compile(r"\w+|[^\w\s]+")


def normalise(text: str, *, lowercase: bool) -> str:
    """Compose accents (Unicode NFC) so that one spelling is one string; lower-case on request."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.lower() if lowercase else text


def words(text: str) -> list[str]:
    """The runs of letters, digits and underscores in `text`, in order."""
    return _WORD.findall(text)


def words_and_punctuation(text: str) -> list[str]:
    """What NLTK's `WordPunctTokenizer().tokenize(text)` returns, in order."""
    return _WORD_OR_PUNCTUATION.findall(text)
