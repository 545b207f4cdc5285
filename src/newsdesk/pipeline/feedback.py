"""Evaluate feedback in one place, for both monitoring and retraining."""

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
    """Read the predictions in these windows once, with more detail for texts that have votes."""
    with_feedback = {annotation.text_digest for annotation in annotations}
    windows: Windows = {}
    progress.step(f"Counting {len(starts)} windows")
    for start in starts:
        for source, window in count_window(store, start, seconds, with_feedback).items():
            windows[start, source] = window
            progress.advance(window.tally.predictions)
    return windows


def label_counts(labels: Labels) -> dict[str, Any]:
    """How many texts with feedback reached each state, and who is distrusted and why, as JSON-serialisable values."""
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
    """The labels that the votes yield, for callers that have not counted the windows."""
    windows: Windows = {}
    if any(annotation.predicted is None for annotation in annotations):
        starts = window_starts(now, monitoring.window, monitoring.look_back)
        windows = count_windows(store, starts, monitoring.window, annotations, progress)
    return labels_of(store, annotations, windows, champion, monitoring.feedback, rules)


def labels_of(
    store: Engine,
    annotations: Sequence[Annotation],
    windows: Windows,
    champion: Champion,
    limits: FeedbackLimits,
    rules: CategoryRules = NO_RULES,
) -> Labels:
    """The labels that the votes yield, with categories under `rules`. Votes about no prediction are compared with the
    last answer in the counted windows, else with the champion's prediction of the text, where that is kept."""
    without_prediction = {annotation.text_digest for annotation in annotations if annotation.predicted is None}
    logged = _logged_answers(windows, without_prediction)
    predicted = _predict_kept(store, without_prediction - logged.keys(), champion) | logged
    log = confidence_log(store, annotations, predicted, limits)
    manifest = champion.bundle.manifest
    trained_at = {champion.bundle.digest: manifest.trained_at}
    return usable_labels(annotations, predicted, limits, manifest.classes, log, trained_at, rules.of)


def _logged_answers(windows: Windows, texts: Collection[str]) -> dict[str, LoggedLabel]:
    """The last answer to each text, shadow answers left out."""
    return {
        answer.text_digest: LoggedLabel(answer.category, answer.confidence, answer.digest)
        for (_, source), window in sorted(windows.items(), key=lambda item: item[0])
        if source.arm != "shadow"
        for answer in window.judgeable
        if answer.text_digest in texts
    }


def _predict_kept(store: Engine, texts: Collection[str], champion: Champion) -> dict[str, LoggedLabel]:
    """The champion's predictions of those texts that are kept."""
    kept = {digest: text for digest, text in known_texts(store) if digest in texts} if texts else {}
    predictions = Predictor(champion.bundle).predict_many(list(kept.values()))
    return {
        text: LoggedLabel(prediction.category, prediction.confidence, champion.bundle.digest)
        for text, prediction in zip(kept, predictions, strict=True)
    }
