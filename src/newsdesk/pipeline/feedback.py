"""What feedback comes to: counted once, in one way, for monitoring and for retraining."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from newsdesk.articles.category_rules import NO_RULES, CategoryRules
from newsdesk.config.pipeline_config import FeedbackLimits, Monitoring
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.annotator_reliability import LoggedLabel
from newsdesk.monitoring.confidence_log import confidence_log
from newsdesk.monitoring.labels import Labels, usable_labels
from newsdesk.monitoring.windows import AnswerSource, CountedWindow, count_window, window_starts
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.champion import Champion
from newsdesk.store.feedback import Annotation
from newsdesk.store.feedback_texts import known_texts

Windows = dict[tuple[datetime, AnswerSource], CountedWindow]


def count_windows(
    store: Engine, starts: Sequence[datetime], seconds: int, annotations: Sequence[Annotation], progress: Progress
) -> Windows:
    """Go once through what was answered in these windows, and look closer at the texts that have votes."""
    with_feedback = {annotation.text_digest for annotation in annotations}
    counted: Windows = {}
    progress.step(f"Counting {len(starts)} windows")
    for start in starts:
        for source, found in count_window(store, start, seconds, with_feedback).items():
            counted[start, source] = found
            progress.advance(found.tally.predictions)
    return counted


def label_counts(labels: Labels) -> dict[str, Any]:
    """How many texts with feedback became what, and who is not believed and why, such that JSON can hold it."""
    return {"labels": dict(labels.states), "distrusted": [str(source) for source in labels.distrusted]}


def labels_in(
    store: Engine,
    annotations: Sequence[Annotation],
    champion: Champion,
    monitoring: Monitoring,
    now: datetime,
    progress: Progress,
    rules: CategoryRules = NO_RULES,
) -> Labels:
    """What the votes come to, for whoever has not counted the windows."""
    counted: Windows = {}
    if any(annotation.predicted is None for annotation in annotations):
        starts = window_starts(now, monitoring.window, monitoring.look_back)
        counted = count_windows(store, starts, monitoring.window, annotations, progress)
    return labels_of(store, annotations, counted, champion, monitoring.feedback, rules)


def labels_of(
    store: Engine,
    annotations: Sequence[Annotation],
    counted: Windows,
    champion: Champion,
    limits: FeedbackLimits,
    rules: CategoryRules = NO_RULES,
) -> Labels:
    """What the votes come to, for categories as `rules` mean them. Votes about no prediction are held against what was
    answered last in the windows that were counted, else against what the champion says of the text, where that is
    kept."""
    unanswered = {annotation.text_digest for annotation in annotations if annotation.predicted is None}
    answered = _answered(counted, unanswered)
    predicted = _predicted(store, unanswered - answered.keys(), champion) | answered
    log = confidence_log(store, annotations, predicted, limits)
    manifest = champion.bundle.manifest
    trained_at = {champion.bundle.digest: manifest.trained_at}
    return usable_labels(annotations, predicted, limits, manifest.classes, log, trained_at, rules.of)


def _answered(counted: Windows, texts: Collection[str]) -> dict[str, LoggedLabel]:
    """What was answered last to each text, but in the shadow."""
    return {
        answer.text_digest: LoggedLabel(answer.category, answer.confidence, answer.digest)
        for (_, source), found in sorted(counted.items(), key=lambda item: item[0])
        if source.arm != "shadow"
        for answer in found.judgeable
        if answer.text_digest in texts
    }


def _predicted(store: Engine, texts: Collection[str], champion: Champion) -> dict[str, LoggedLabel]:
    """What the champion says of those that are kept."""
    kept = {digest: text for digest, text in known_texts(store) if digest in texts} if texts else {}
    predictions = Predictor(champion.bundle).predict_many(list(kept.values()))
    return {
        text: LoggedLabel(said.category, said.confidence, champion.bundle.digest)
        for text, said in zip(kept, predictions, strict=True)
    }
