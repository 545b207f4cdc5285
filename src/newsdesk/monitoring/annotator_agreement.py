"""Editors who bear each other out, and what they have to say about the texts of others.

The largest group of editors around one with whom all of them agree is believed. An editor outside it, who is not
believed, could never have changed which group that is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import combinations

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.store.feedback import Annotation

Annotator = tuple[str | None, str]  # an editor: known by the caller that sent what they said, and by name

_MAX_ON_A_TEXT = 20  # the earliest votes, which are compared with each other: pairs grow with the square
_NO_CALLER = "\0"  # a name that no text in the store can have
_MIN_VOICES = 2  # one caller alone, however many editors it says it has, discredits nobody else's


def annotator_of(annotation: Annotation) -> Annotator:
    """Who said it."""
    return annotation.caller, annotation.editor


def largest_agreeing_group(annotations: Iterable[Annotation], limits: FeedbackLimits) -> frozenset[Annotator]:
    """The most editors, by the most callers, who all agree with one of them; empty where no two do.

    `annotations` are in the order of time. Two agree who gave the same category to a share `min_agreement`, or more, of
    at least `min_compared` texts.
    """
    numbers: dict[Annotator, int] = {}
    by_text: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for annotation in annotations:
        number = numbers.setdefault(annotator_of(annotation), len(numbers))
        if len(by_text[annotation.text_digest]) < _MAX_ON_A_TEXT:
            by_text[annotation.text_digest].append((number, annotation.category))
    annotators = list(numbers)
    groups = [{annotator} for annotator in annotators]
    for (first, second), (agreed, compared) in _count_agreement(by_text.values()).items():
        if compared >= limits.min_compared and agreed >= limits.min_agreement * compared:
            groups[first].add(annotators[second])
            groups[second].add(annotators[first])
    largest = max(groups, key=lambda group: (len({caller for caller, _ in group}), len(group)), default=set())
    return frozenset(largest if len(largest) > 1 else ())


def group_verdicts(
    group: frozenset[Annotator], annotations: Iterable[Annotation]
) -> Callable[[Annotation], str | None]:
    """What more than half of the group's voices on the text of a vote say, if at least two do; else None.

    To an editor, those who come by the same caller are a voice each, those by another caller one voice together.
    """
    by_text: defaultdict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        if annotator_of(annotation) in group:
            by_text[annotation.text_digest].append(annotation)
    callers = {caller for caller, _ in group}

    @cache
    def verdict_for(own_caller: str | None, text: str) -> str | None:
        voices: defaultdict[str, set[Annotator]] = defaultdict(set)
        for annotation in by_text.get(text, ()):
            voices[annotation.category].add(
                (annotation.caller, annotation.editor if annotation.caller == own_caller else "")
            )
        counts = [len(annotators) for annotators in voices.values()]
        best = max(counts, default=0)
        if best < _MIN_VOICES or 2 * best <= sum(counts):
            return None
        return next(category for category, annotators in voices.items() if len(annotators) == best)

    # To all whose caller has nobody in the group, it says the same.
    return lambda annotation: verdict_for(
        annotation.caller if annotation.caller in callers else _NO_CALLER, annotation.text_digest
    )


def _count_agreement(texts: Iterable[Sequence[tuple[int, str]]]) -> dict[tuple[int, int], tuple[int, int]]:
    """On how many texts each two voters agreed, and of how many; voters by number, the smaller first."""
    counts: dict[tuple[int, int], tuple[int, int]] = {}
    for annotations in texts:
        for (first, category), (second, other_category) in combinations(sorted(annotations), 2):
            agreed, compared = counts.get((first, second), (0, 0))
            counts[first, second] = (agreed + (category == other_category), compared + 1)
    return counts
