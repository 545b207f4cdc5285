"""What votes on a text come to: each API key has one voice, and trusted keys decide where they said anything."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter

from newsdesk.store.feedback import Annotation
from newsdesk.store.records import ANONYMOUS

NO_KEY = ""  # in the place of a key's name


def key_name(annotation: Annotation) -> str:
    """The name of the API key that a vote came by; all who come without one are one."""
    return NO_KEY if annotation.caller is None or annotation.caller.startswith(ANONYMOUS) else annotation.caller


def majority_labels(annotations: Iterable[Annotation]) -> dict[str, tuple[str, datetime]]:
    """What is said of each text, and when the last of those said so who decide: trusted keys where they said anything,
    else all. Other texts are left out."""
    on_texts: defaultdict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        on_texts[annotation.text_digest].append(annotation)
    decided = {}
    for text, on_text in on_texts.items():
        deciding = [annotation for annotation in on_text if annotation.trusted] or on_text
        category = _verdict(deciding)
        if category is not None:
            decided[text] = (category, max(annotation.at for annotation in deciding if annotation.category == category))
    return decided


def _verdict(annotations: Iterable[Annotation]) -> str | None:
    """What more than half of the keys say, each with one voice, however many editors it says it has."""
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for annotation in annotations:
        by_key[key_name(annotation)].append(annotation.category)
    voices = (_majority(said) for said in by_key.values())
    return _majority([voice for voice in voices if voice is not None])


def _majority(said: Sequence[str]) -> str | None:
    """What is more than half of it."""
    category, count = max(Counter(said).items(), key=itemgetter(1), default=(None, 0))
    return category if 2 * count > len(said) else None
