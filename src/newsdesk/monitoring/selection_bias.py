"""Which labels tell how often a model is right: not those of editors who speak up only where it is wrong."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.annotator_agreement import Annotator, annotator_of
from newsdesk.monitoring.annotator_reliability import PredictedLabel, prediction_for
from newsdesk.store.feedback import Annotation

_MIN_CONFIRMED = 0.05  # share of confirmations below which somebody reports errors, and does not review


def find_reviewers(
    annotations: Sequence[Annotation],
    predicted: Mapping[str, PredictedLabel],
    limits: FeedbackLimits,
    trained_at: Mapping[str, datetime] = MappingProxyType({}),
) -> frozenset[Annotator]:
    """Editors who confirm as well as correct, and those of whom that is not known.

    Who gave `min_compared` votes on what a model had answered is judged alone; the others together, by their caller:
    they have the same tool before them. `predicted` is that of `find_distrusted`. What a model says, by its
    digest, that was `trained_at` a later time than the vote, tells nothing: it may have learnt it from that vote.
    """
    outcomes: defaultdict[Annotator, list[bool]] = defaultdict(list)
    for annotation in annotations:
        answer = prediction_for(annotation, predicted)
        if answer is None:
            continue
        is_older = answer.digest in trained_at and annotation.at < trained_at[answer.digest]
        if annotation.predicted is not None or not is_older:
            outcomes[annotator_of(annotation)].append(answer.category == annotation.category)
    by_caller: defaultdict[str | None, list[bool]] = defaultdict(list)
    for annotator, confirmed in outcomes.items():
        if len(confirmed) < limits.min_compared:
            by_caller[annotator[0]] += confirmed

    def only_corrects(annotator: Annotator) -> bool:
        confirmed = outcomes.get(annotator, [])
        if len(confirmed) < limits.min_compared:
            confirmed = by_caller.get(annotator[0], [])
        return bool(confirmed) and sum(confirmed) < _MIN_CONFIRMED * len(confirmed)

    return frozenset(
        annotator
        for annotator in {annotator_of(annotation) for annotation in annotations}
        if not only_corrects(annotator)
    )
