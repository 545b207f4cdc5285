"""Languages that are written without blanks between words. Words are told apart by blanks: such a text has none."""

import re

from newsdesk.text.invisible import non_ascii, strip_invisible
from newsdesk.text.language import guess_language
from newsdesk.text.scripts import HAN_AND_KANA, THAI_LAO_BURMESE_KHMER, UNSPACED

NAMES = {"zh": "Chinese", "ja": "Japanese", "th": "Thai", "lo": "Lao", "my": "Burmese", "km": "Khmer"}
_SAMPLE = 2_000  # characters that are looked at
# Characters that a word has at most, in the mean of a text whose words somebody parted.
_LONG_IN_HAN, _LONG_IN_OTHERS = 3, 8

_find = re.compile(f"[{UNSPACED}]").search
_han_and_kana = re.compile(f"[{HAN_AND_KANA}]+").findall
_others = re.compile(f"[{THAI_LAO_BURMESE_KHMER}]+").findall


def unspaced_language(text: str) -> str | None:
    """The English name of the language of `text`, where it is written without blanks between its words.

    None for other languages, and where the words were parted already, by a segmenter or by zero-width spaces.
    """
    if text.isascii() or _find(non_ascii(text[:_SAMPLE])) is None:
        return None
    sample = strip_invisible(text[:_SAMPLE])
    language = guess_language(sample)
    if language not in NAMES:
        return None
    is_han = language in ("zh", "ja")
    runs = (_han_and_kana if is_han else _others)(sample)
    longest = _LONG_IN_HAN if is_han else _LONG_IN_OTHERS
    return NAMES[language] if sum(map(len, runs)) > longest * len(runs) else None


def unspaced_warning(language: str) -> str:
    """What to do about a text of that language."""
    return (
        f"The text is in {language}, which is written without blanks between words. Words are told apart by blanks, so "
        "that hardly any is known: put blanks between the words, in training and here."
    )
