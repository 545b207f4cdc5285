"""Which feedback counts: what it says of each text, and what is not used and why.

What an editor said last about a text is a vote. Votes of editors and callers who are not believed are left out (see
`annotator_reliability`), then the later ones of a flood. Of the others, those by trusted keys decide if there are any.
More than half of the keys must say the same, as must more than half of each key's editors.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from newsdesk.articles.category import Spellings, category_key
from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.annotator_agreement import Annotator, annotator_of
from newsdesk.monitoring.annotator_reliability import (
    ConfidenceLog,
    DistrustedAnnotator,
    LoggedLabel,
    PredictedLabel,
    find_distrusted,
    trusted_annotations,
)
from newsdesk.monitoring.majority_vote import NO_KEY, key_name, majority_labels
from newsdesk.monitoring.report import LabelState
from newsdesk.monitoring.selection_bias import find_reviewers
from newsdesk.store.feedback import Annotation

_NOT_A_CLASS = "\0"  # before the key of a category that the model does not know: no category begins so


class LabelSupport(NamedTuple):
    """Who says what a label says: the names of the API keys, and whether an administrator vouches for one of them.

    All who came without a key are one, `NO_KEY`. `reviewed`: whether as much is said by editors who confirm predictions
    as well as correct them. What others report are errors of the champion by construction: nothing to compare it on.
    """

    keys: frozenset[str]
    trusted: bool
    reviewed: bool = True

    @property
    def is_independent(self) -> bool:
        """Whether it is more than one outsider's word."""
        return self.trusted or len(self.keys - {NO_KEY}) > 1

    @property
    def is_evidence(self) -> bool:
        """Whether models may be measured on it."""
        return self.is_independent and self.reviewed


@dataclass(frozen=True)
class Labels:
    """The right category by text digest, and when it was said last; how many texts became what; who is not believed.

    `reviewed` are the texts with a label by editors who confirm predictions as well as correct them: of these alone can
    be told how often a model is right. `support` tells whose word each label is. Nothing can be learnt from the labels
    on texts that are `text_missing`.
    """

    categories: Mapping[str, str]
    said_at: Mapping[str, datetime]
    states: Mapping[LabelState, int]
    distrusted: tuple[DistrustedAnnotator, ...]
    reviewed: frozenset[str] = frozenset()
    support: Mapping[str, LabelSupport] = field(default_factory=dict)
    text_missing: frozenset[str] = frozenset()

    def without_texts(self, missing: Iterable[str]) -> "Labels":
        """The same, where these texts are not there to learn from."""
        missing = frozenset(missing) & self.categories.keys()
        counts: dict[LabelState, int] = {"used": len(self.categories) - len(missing), "text_missing": len(missing)}
        states = {**self.states, **counts}
        return replace(self, text_missing=missing, states={state: n for state, n in states.items() if n})

    def since(self, moment: datetime) -> int:
        """How many labels that can train a model were given after `moment`."""
        return sum(at > moment and text not in self.text_missing for text, at in self.said_at.items())

    def without_text_since(self, moment: datetime) -> int:
        """How many labels were given after `moment` that could train a model if their texts were there."""
        return sum(at > moment and text in self.text_missing for text, at in self.said_at.items())


def usable_labels(
    annotations: Iterable[Annotation],
    predicted: Mapping[str, PredictedLabel],
    limits: FeedbackLimits,
    classes: Collection[str] = (),
    log: ConfidenceLog | None = None,
    trained_at: Mapping[str, datetime] = MappingProxyType({}),
    resolve_category: Callable[[str], str | None] = str,
) -> Labels:
    """What the votes, in whatever order, come to.

    `predicted`: what a model said, by text digest, for votes that are about no prediction. A category that differs from
    one of `classes` by case and blanks alone is that class; others that differ so are one, spelt as most spell it.
    `resolve_category`: what a category is by configuration (see `Spellings`); a vote for an excluded one does not
    count. `log`: what else was predicted (see `annotator_reliability`). `trained_at`: when models were trained, by
    their digests.
    """
    canonical, annotations = (
        _canonical(classes, resolve_category),
        [annotation for annotation in annotations if resolve_category(annotation.category) is not None],
    )
    original_names = {
        (annotation.text_digest, *annotator_of(annotation)): annotation.category for annotation in annotations
    }
    annotations = sorted((_with_canonical_names(annotation, canonical) for annotation in annotations), key=_time_key)
    predicted = {
        text: LoggedLabel(canonical(prediction.category), prediction.confidence, prediction.digest)
        for text, prediction in predicted.items()
    }
    merged: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for (digest, category), texts in (log or {}).items():
        merged[digest, canonical(category)].update(texts)
    distrusted = find_distrusted(annotations, predicted, limits, merged)
    believed = trusted_annotations(annotations, distrusted)
    used = _limit_per_day(believed, limits)
    decided = majority_labels(used)
    states: dict[str, LabelState] = dict.fromkeys((annotation.text_digest for annotation in annotations), "distrusted")
    states |= dict.fromkeys((annotation.text_digest for annotation in believed), "flood")
    states |= dict.fromkeys((annotation.text_digest for annotation in used), "contradicted")
    states |= dict.fromkeys(decided, "used")
    reviewers = find_reviewers(used, predicted, limits, trained_at)
    names = _spellings(
        (annotation.category, original_names[annotation.text_digest, *annotator_of(annotation)]) for annotation in used
    )
    return Labels(
        {text: names.get(category, category) for text, (category, _) in decided.items()},
        {text: at for text, (_, at) in decided.items()},
        Counter(states.values()),
        tuple(sorted(distrusted, key=str)),
        frozenset(annotation.text_digest for annotation in used if annotator_of(annotation) in reviewers)
        & decided.keys(),
        _support(used, decided, reviewers, classes),
    )


def _canonical(classes: Collection[str], resolve_category: Callable[[str], str | None]) -> Callable[[str], str]:
    """Equal for categories that are taken for the same."""
    spellings, names = Spellings(classes, resolve_category), frozenset(classes)

    @cache
    def canonical(category: str) -> str:
        name = spellings.of(category)
        return name if name in names else _NOT_A_CLASS + category_key(resolve_category(category) or category)

    return canonical


def _with_canonical_names(annotation: Annotation, canonical: Callable[[str], str]) -> Annotation:
    predicted = None if annotation.predicted is None else canonical(annotation.predicted)
    return annotation._replace(category=canonical(annotation.category), predicted=predicted)


def _spellings(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """How most spell each category that is no class."""
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for category, spelling in pairs:
        if category.startswith(_NOT_A_CLASS):
            spellings[category][spelling] += 1
    return {category: min(counts, key=lambda name: (-counts[name], name)) for category, counts in spellings.items()}


def _time_key(annotation: Annotation) -> tuple[datetime, str, str, str]:
    """Alike for no two votes: an editor has one on a text."""
    return annotation.at, annotation.text_digest, annotation.caller or "", annotation.editor


def _limit_per_day(annotations: Iterable[Annotation], limits: FeedbackLimits) -> list[Annotation]:
    """The first votes of each day (UTC), as many as an editor, and then a caller, may give."""
    by_editor: Counter[tuple[Annotator, date]] = Counter()
    by_caller: Counter[tuple[str | None, date]] = Counter()
    kept = []
    for annotation in annotations:
        day = annotation.at.astimezone(UTC).date()
        by_editor[annotator_of(annotation), day] += 1
        if by_editor[annotator_of(annotation), day] > limits.max_per_editor_and_day:
            continue
        by_caller[annotation.caller, day] += 1
        if by_caller[annotation.caller, day] <= limits.max_per_caller_and_day:
            kept.append(annotation)
    return kept


def _support(
    annotations: Iterable[Annotation],
    decided: Mapping[str, tuple[str, datetime]],
    reviewers: Collection[Annotator],
    classes: Collection[str],
) -> dict[str, LabelSupport]:
    by_text: defaultdict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        if annotation.text_digest in decided and annotation.category == decided[annotation.text_digest][0]:
            by_text[annotation.text_digest].append(annotation)
    supports = {}
    for text, votes in by_text.items():
        support = _support_by(votes)
        # Of a category that the model does not know all texts are errors, whoever looks: nobody can confirm one.
        is_new = bool(classes) and decided[text][0].startswith(_NOT_A_CLASS)
        reviewed = _support_by([annotation for annotation in votes if is_new or annotator_of(annotation) in reviewers])
        is_reviewed = bool(reviewed.keys) and reviewed.is_independent >= support.is_independent
        supports[text] = support._replace(reviewed=is_reviewed)
    return supports


def _support_by(annotations: Sequence[Annotation]) -> LabelSupport:
    return LabelSupport(frozenset(map(key_name, annotations)), any(annotation.trusted for annotation in annotations))
