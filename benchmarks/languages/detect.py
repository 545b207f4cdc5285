"""One detector, in a process of its own: JSON of texts on standard input, what it makes of them on standard output."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

UNKNOWN = "und"
_SAME = {"nb": "no", "nn": "no"}  # as the sentences have it


def newsdesk() -> Callable[[str], str]:
    from newsdesk.text.language import guess_language

    return guess_language


def py3langid(least: float = 0.0) -> Callable[[str], str]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def guess(text: str) -> str:
        language, probability = identifier.classify(text)
        return str(language) if probability >= least else UNKNOWN

    return guess


def py3langid_sure() -> Callable[[str], str]:
    return py3langid(0.9)


def lingua(*, is_low: bool = False) -> Callable[[str], str]:
    from lingua import LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_all_languages()
    detector = (builder.with_low_accuracy_mode() if is_low else builder).build()

    def guess(text: str) -> str:
        language = detector.detect_language_of(text)
        return language.iso_code_639_1.name.lower() if language else UNKNOWN

    return guess


def lingua_low() -> Callable[[str], str]:
    return lingua(is_low=True)


DETECTORS = {found.__name__: found for found in (newsdesk, py3langid, py3langid_sure, lingua_low, lingua)}


def _megabytes() -> float:
    """What the process holds of the memory."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def main() -> None:
    sets: dict[str, list[str]] = json.load(sys.stdin)
    before, begun = _megabytes(), time.perf_counter()
    guess = DETECTORS[sys.argv[1]]()
    guess("The first text may load a model")
    seconds = time.perf_counter() - begun
    languages = {}
    for kind, texts in sets.items():
        begun = time.perf_counter()
        languages[kind] = [_SAME.get(language, language) for language in map(guess, texts)]
        if kind == "sentences":
            microseconds = (time.perf_counter() - begun) / len(texts) * 1e6
    found = {"seconds": seconds, "microseconds": microseconds, "megabytes": _megabytes() - before}
    json.dump(found | {"languages": languages}, sys.stdout)


main()
