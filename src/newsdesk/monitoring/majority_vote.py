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
    by_text: defaultdict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        by_text[annotation.text_digest].append(annotation)
    decided = {}
    for text, votes in by_text.items():
        decisive = [annotation for annotation in votes if annotation.trusted] or votes
        category = _verdict(decisive)
        if category is not None:
            decided[text] = (category, max(annotation.at for annotation in decisive if annotation.category == category))
    return decided


def _verdict(annotations: Iterable[Annotation]) -> str | None:
    """What more than half of the keys say, each with one voice, however many editors it says it has."""
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for annotation in annotations:
        by_key[key_name(annotation)].append(annotation.category)
    voices = (_majority(categories) for categories in by_key.values())
    return _majority([voice for voice in voices if voice is not None])


def _majority(categories: Sequence[str]) -> str | None:
    """What is more than half of it."""
    category, count = max(Counter(categories).items(), key=itemgetter(1), default=(None, 0))
    return category if 2 * count > len(categories) else None
