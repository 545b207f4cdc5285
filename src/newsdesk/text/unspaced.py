"""Languages that are written without blanks between words. Words are told apart by blanks: such a text has none."""

import re

import regex

from newsdesk.text.invisible import non_ascii, strip_invisible
from newsdesk.text.scripts import HAN_AND_KANA, THAI_LAO_BURMESE_KHMER, UNSPACED

NAMES = {"Han": "Chinese", "Kana": "Japanese", "Thai": "Thai", "Lao": "Lao", "Myanmar": "Burmese", "Khmer": "Khmer"}
_SAMPLE = 2_000  # characters that are looked at
# Characters that a word has at most, in the mean of a text whose words somebody parted.
_LONG_IN_HAN, _LONG_IN_OTHERS = 3, 8
_KANA_SHARE = 0.1  # of Kana among Han: from here on it is Japanese
_WEIGHT_OF_HAN = 3  # a character says as much as this many letters

_find = re.compile(f"[{UNSPACED}]").search
_han_and_kana = re.compile(f"[{HAN_AND_KANA}]+").findall
_others = re.compile(f"[{THAI_LAO_BURMESE_KHMER}]+").findall
_letters = regex.compile(r"\p{L}").findall
_SCRIPTS = {
    "Han": r"\p{Han}",
    "Kana": r"[\p{Hiragana}\p{Katakana}]",
    "Thai": r"\p{Thai}",
    "Lao": r"\p{Lao}",
    "Myanmar": r"\p{Myanmar}",
    "Khmer": r"\p{Khmer}",
}
_of_script = {name: regex.compile(rf"(?V1)[{pattern}&&\p{{L}}]").findall for name, pattern in _SCRIPTS.items()}


def unspaced_language(text: str) -> str | None:
    """The English name of the language of `text`, where it is written without blanks between its words.

    None for other languages, and where the words were parted already, by a segmenter or by zero-width spaces.
    """
    if text.isascii() or _find(non_ascii(text[:_SAMPLE])) is None:
        return None
    sample = strip_invisible(text[:_SAMPLE])
    script = _script(sample)
    if script is None:
        return None
    is_han = script in ("Han", "Kana")
    runs = (_han_and_kana if is_han else _others)(sample)
    longest = _LONG_IN_HAN if is_han else _LONG_IN_OTHERS
    return NAMES[script] if sum(map(len, runs)) > longest * len(runs) else None


def unspaced_warning(language: str) -> str:
    """What to do about a text of that language."""
    return (
        f"The text is in {language}, which is written without blanks between words. Words are told apart by blanks, so "
        "that hardly any is known: put blanks between the words, in training and here."
    )


def _script(sample: str) -> str | None:
    """The script of `NAMES` that most of the text is in; None where most is in another."""
    counts = {name: len(find(sample)) for name, find in _of_script.items()}
    others = len(_letters(sample)) - sum(counts.values())
    han_and_kana = counts.pop("Han") + (kana := counts.pop("Kana"))
    counts["Kana" if kana > _KANA_SHARE * (han_and_kana - kana) else "Han"] = _WEIGHT_OF_HAN * han_and_kana
    script = max(counts, key=counts.__getitem__)
    return script if counts[script] > others else None
