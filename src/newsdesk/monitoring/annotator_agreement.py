"""Editors who bear each other out, and what they have to say about the texts of others.

The largest circle of editors around one with whom all of them agree is believed. Who is outside, and is not believed,
could never have changed which circle that is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import combinations

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.store.feedback import Annotation

Annotator = tuple[str | None, str]  # an editor: known by the caller that sent what they said, and by name

_MOST_ON_A_TEXT = 20  # the earliest votes, which are compared with each other: pairs grow with the square
_NO_CALLER = "\0"  # a name that no text in the store can have
_ENOUGH_VOICES = 2  # one caller alone, however many editors it says it has, discredits nobody else's


def annotator_of(annotation: Annotation) -> Annotator:
    """Who said it."""
    return annotation.caller, annotation.editor


def largest_agreeing_group(annotations: Iterable[Annotation], limits: FeedbackLimits) -> frozenset[Annotator]:
    """The most editors, by the most callers, who all agree with one of them; empty where no two do.

    `annotations` are in the order of time. Two agree who gave the same category to a share `min_agreement`, or more, of
    at least `min_compared` texts.
    """
    numbers: dict[Annotator, int] = {}
    on_texts: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for annotation in annotations:
        number = numbers.setdefault(annotator_of(annotation), len(numbers))
        if len(on_texts[annotation.text_digest]) < _MOST_ON_A_TEXT:
            on_texts[annotation.text_digest].append((number, annotation.category))
    annotators = list(numbers)
    circles = [{annotator} for annotator in annotators]
    for (one, other), (agreed, compared) in _pairs(on_texts.values()).items():
        if compared >= limits.min_compared and agreed >= limits.min_agreement * compared:
            circles[one].add(annotators[other])
            circles[other].add(annotators[one])
    largest = max(circles, key=lambda circle: (len({caller for caller, _ in circle}), len(circle)), default=set())
    return frozenset(largest if len(largest) > 1 else ())


def group_verdicts(
    circle: frozenset[Annotator], annotations: Iterable[Annotation]
) -> Callable[[Annotation], str | None]:
    """What more than half of the circle's voices on the text of a vote say, if at least two do; else None.

    To an editor, those who come by the same caller are a voice each, those by another caller one voice together.
    """
    on_texts: defaultdict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        if annotator_of(annotation) in circle:
            on_texts[annotation.text_digest].append(annotation)
    callers = {caller for caller, _ in circle}

    @cache
    def to_those_of(own: str | None, text: str) -> str | None:
        voices: defaultdict[str, set[Annotator]] = defaultdict(set)
        for annotation in on_texts.get(text, ()):
            voices[annotation.category].add((annotation.caller, annotation.editor if annotation.caller == own else ""))
        counts = [len(said) for said in voices.values()]
        best = max(counts, default=0)
        if best < _ENOUGH_VOICES or 2 * best <= sum(counts):
            return None
        return next(category for category, said in voices.items() if len(said) == best)

    # To all whose caller has nobody in the circle, it says the same.
    return lambda about: to_those_of(about.caller if about.caller in callers else _NO_CALLER, about.text_digest)


def _pairs(texts: Iterable[Sequence[tuple[int, str]]]) -> dict[tuple[int, int], tuple[int, int]]:
    """On how many texts each two voters agreed, and of how many; voters by number, the smaller first."""
    pairs: dict[tuple[int, int], tuple[int, int]] = {}
    for annotations in texts:
        for (one, said), (other, said_too) in combinations(sorted(annotations), 2):
            agreed, compared = pairs.get((one, other), (0, 0))
            pairs[one, other] = (agreed + (said == said_too), compared + 1)
    return pairs
