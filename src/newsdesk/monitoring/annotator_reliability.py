"""Whose feedback is not believed: who disagrees too often with confident predictions, or with other editors.

Who reports nothing but errors disagrees always. Such an editor is believed where the errors fall on predictions that
were less sure than others: a model errs more often there, while who answers without reading hits sure and unsure ones
alike. That holds whether or not its confidence is calibrated, for only the order of the predictions matters.

Keys that an administrator vouches for are compared with each other alone: however many others agree, they take nobody's
voice away whom an administrator trusts. Where such a key has spoken of a text, the others are held against that.

An editor who is not believed has no say about others either: were their votes not there, all else would be the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.annotator_agreement import Annotator, annotator_of, group_verdicts, largest_agreeing_group
from newsdesk.monitoring.majority_vote import majority_labels
from newsdesk.monitoring.significance import rank_sum_test
from newsdesk.store.feedback import Annotation

Against = Literal["confident predictions", "trusted keys", "other editors"]


class PredictedLabel(Protocol):
    """What a model said of a text; `digest` is that of its bundle."""

    @property
    def category(self) -> str: ...

    @property
    def confidence(self) -> float: ...

    @property
    def digest(self) -> str: ...


class LoggedLabel(NamedTuple):
    """An answer, and nothing else."""

    category: str
    confidence: float
    digest: str


# By bundle digest and predicted category: how confidently each text, by its digest, was predicted to be of it.
ConfidenceLog = Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class DistrustedAnnotator:
    """An editor who is not believed, or, where `editor` is None, all who come by that caller; and why."""

    caller: str | None
    editor: str | None
    agreed: int
    compared: int
    against: Against

    def __str__(self) -> str:
        subject = "All editors" if self.editor is None else f"Editor {self.editor}"
        agreed = f"agreed with {self.against} on {self.agreed:,} of {self.compared:,} texts"
        return f"{subject} by caller {self.caller or 'unknown'} {agreed}."


@dataclass
class _AgreementRecord:
    """What was compared of one editor, or of several. `contradicted` holds predictions, however confident."""

    agreed: int = 0
    compared: int = 0
    contradicted: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    def compare(self, annotation: Annotation, right: str) -> None:
        self.compared += 1
        self.agreed += annotation.category == right

    def contradict(self, annotation: Annotation, answer: PredictedLabel) -> None:
        self.contradicted.setdefault((answer.digest, answer.category), {})[annotation.text_digest] = answer.confidence

    def add(self, other: "_AgreementRecord") -> None:
        self.agreed += other.agreed
        self.compared += other.compared
        for key, texts in other.contradicted.items():
            self.contradicted.setdefault(key, {}).update(texts)

    def is_bad(self, limits: FeedbackLimits, log: ConfidenceLog) -> bool:
        if self.compared < limits.min_compared or self.agreed >= limits.min_agreement * self.compared:
            return False
        # Editors may have seen all predictions, or only those that were sure enough to be published.
        return not any(
            _blind_hit_p_value(self.contradicted, log, min_confidence) < limits.significance / 2
            for min_confidence in (0, limits.confident)
        )


def find_distrusted(
    annotations: Sequence[Annotation],
    predicted: Mapping[str, PredictedLabel],
    limits: FeedbackLimits,
    log: ConfidenceLog,
) -> list[DistrustedAnnotator]:
    """Editors and callers who agree too rarely: with confident predictions, then, of the others, with trusted keys and
    with each other.

    `annotations` come in the order of time. `predicted`: what a model said, by text digest, for votes that are about no
    prediction. `log`: predictions of the models that the votes are about, whether or not there are votes on them.
    """
    by_annotator: defaultdict[Annotator, _AgreementRecord] = defaultdict(_AgreementRecord)
    for annotation in annotations:
        answer = prediction_for(annotation, predicted)
        if answer is None:
            continue
        if answer.confidence >= limits.confident:
            by_annotator[annotator_of(annotation)].compare(annotation, answer.category)
        if answer.category != annotation.category:
            by_annotator[annotator_of(annotation)].contradict(annotation, answer)
    by_model = _find_bad(by_annotator, limits, log, "confident predictions")
    by_trusted, trusted = _compare_with_trusted(trusted_annotations(annotations, by_model), limits)
    believed = trusted_annotations(annotations, by_model + by_trusted)
    group = largest_agreeing_group(believed, limits)
    judges = group | trusted.annotators
    outside = [annotation for annotation in believed if annotator_of(annotation) not in judges]
    group_verdict = group_verdicts(group, believed)
    by_annotator_outside = _compare(
        outside, lambda annotation: trusted.labels.get(annotation.text_digest) or group_verdict(annotation)
    )
    return (
        by_model
        + by_trusted
        + _find_bad(by_annotator_outside, limits, {}, "other editors", {caller for caller, _ in judges})
    )


def trusted_annotations(
    annotations: Iterable[Annotation], distrusted: Iterable[DistrustedAnnotator]
) -> list[Annotation]:
    """The votes of all others."""
    editors = {(entry.caller, entry.editor) for entry in distrusted}
    callers = {entry.caller for entry in distrusted if entry.editor is None}
    return [
        annotation
        for annotation in annotations
        if annotation.caller not in callers and annotator_of(annotation) not in editors
    ]


def prediction_for(annotation: Annotation, predicted: Mapping[str, PredictedLabel]) -> PredictedLabel | None:
    """What a model said of what a vote is about; None where that is not known."""
    if annotation.predicted is not None and annotation.confidence is not None:
        return LoggedLabel(annotation.predicted, annotation.confidence, annotation.digest or "")
    return predicted.get(annotation.text_digest)


class _TrustedAnnotators(NamedTuple):
    """Editors by trusted keys, and what these say of each text."""

    annotators: frozenset[Annotator]
    labels: Mapping[str, str]


def _compare_with_trusted(
    annotations: Sequence[Annotation], limits: FeedbackLimits
) -> tuple[list[DistrustedAnnotator], _TrustedAnnotators]:
    """Who agrees too rarely with trusted keys: of these who contradicts the others, and of all others; who is left of
    the trusted ones."""
    trusted = [annotation for annotation in annotations if annotation.trusted]
    annotators = frozenset(map(annotator_of, trusted))
    group = largest_agreeing_group(trusted, limits)
    by_peers = _compare(
        [annotation for annotation in trusted if annotator_of(annotation) not in group],
        group_verdicts(group, trusted),
    )
    distrusted = _find_bad(by_peers, limits, {}, "trusted keys", {caller for caller, _ in group})
    believed = trusted_annotations(trusted, distrusted)
    labels = {text: category for text, (category, _) in majority_labels(believed).items()}
    others = _compare(
        [annotation for annotation in annotations if annotator_of(annotation) not in annotators],
        lambda annotation: labels.get(annotation.text_digest),
    )
    distrusted += _find_bad(others, limits, {}, "trusted keys", {caller for caller, _ in annotators})
    return distrusted, _TrustedAnnotators(frozenset(map(annotator_of, believed)), labels)


def _compare(
    annotations: Iterable[Annotation], right_category: Callable[[Annotation], str | None]
) -> dict[Annotator, _AgreementRecord]:
    """The record of each editor, on texts of which the right category is known."""
    by_annotator: defaultdict[Annotator, _AgreementRecord] = defaultdict(_AgreementRecord)
    for annotation in annotations:
        if (category := right_category(annotation)) is not None:
            by_annotator[annotator_of(annotation)].compare(annotation, category)
    return by_annotator


def _find_bad(
    by_annotator: Mapping[Annotator, _AgreementRecord],
    limits: FeedbackLimits,
    log: ConfidenceLog,
    against: Against,
    exempt: Set[str | None] = frozenset(),
) -> list[DistrustedAnnotator]:
    """Editors with a bad record, then callers, but those `exempt`, with a bad one over all their others."""
    bad = {annotator for annotator, record in by_annotator.items() if record.is_bad(limits, log)}
    by_caller: defaultdict[str | None, _AgreementRecord] = defaultdict(_AgreementRecord)
    for annotator in by_annotator.keys() - bad:
        by_caller[annotator[0]].add(by_annotator[annotator])
    distrusted = [
        DistrustedAnnotator(*annotator, by_annotator[annotator].agreed, by_annotator[annotator].compared, against)
        for annotator in bad
    ]
    return distrusted + [
        DistrustedAnnotator(caller, None, record.agreed, record.compared, against)
        for caller, record in by_caller.items()
        if caller not in exempt and record.is_bad(limits, log)
    ]


def _blind_hit_p_value(
    contradicted: Mapping[tuple[str, str], Mapping[str, float]], log: ConfidenceLog, min_confidence: float
) -> float:
    """The p-value of an editor who contradicts without reading: the probability to hit, among predictions of at least
    `min_confidence`, such that are as unsure beside the others of the same model and category."""
    strata = []
    for key, texts in contradicted.items():
        hit = [confidence for confidence in texts.values() if confidence >= min_confidence]
        rest = [
            confidence
            for text, confidence in log.get(key, {}).items()
            if confidence >= min_confidence and text not in texts
        ]
        strata.append((np.array(hit), np.array(rest)))
    return rank_sum_test(strata)
