"""What feedback comes to: counted once, in one way, for monitoring and for retraining."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from newsdesk.articles.category_rules import NO_RULES, CategoryRules
from newsdesk.config.pipeline_config import FeedbackLimits, Monitoring
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.labels import Labels, usable_labels
from newsdesk.monitoring.prediction_log import log_beside
from newsdesk.monitoring.trust import Said
from newsdesk.monitoring.windows import Counted, Source, count_window, window_starts
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.champion import Champion
from newsdesk.store.feedback import Vote
from newsdesk.store.feedback_texts import known_texts

Windows = dict[tuple[datetime, Source], Counted]


def count_windows(
    store: Engine, starts: Sequence[datetime], seconds: int, votes: Sequence[Vote], progress: Progress
) -> Windows:
    """Go once through what was answered in these windows, and look closer at the texts that have votes."""
    with_feedback = {vote.text_digest for vote in votes}
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
    votes: Sequence[Vote],
    champion: Champion,
    monitoring: Monitoring,
    now: datetime,
    progress: Progress,
    rules: CategoryRules = NO_RULES,
) -> Labels:
    """What the votes come to, for whoever has not counted the windows."""
    counted: Windows = {}
    if any(vote.predicted is None for vote in votes):
        starts = window_starts(now, monitoring.window, monitoring.look_back)
        counted = count_windows(store, starts, monitoring.window, votes, progress)
    return labels_of(store, votes, counted, champion, monitoring.feedback, rules)


def labels_of(
    store: Engine,
    votes: Sequence[Vote],
    counted: Windows,
    champion: Champion,
    limits: FeedbackLimits,
    rules: CategoryRules = NO_RULES,
) -> Labels:
    """What the votes come to, for categories as `rules` mean them. Votes about no prediction are held against what was
    answered last in the windows that were counted, else against what the champion says of the text, where that is
    kept."""
    unanswered = {vote.text_digest for vote in votes if vote.predicted is None}
    answered = _answered(counted, unanswered)
    predicted = _predicted(store, unanswered - answered.keys(), champion) | answered
    log = log_beside(store, votes, predicted, limits)
    manifest = champion.bundle.manifest
    trained_at = {champion.bundle.digest: manifest.trained_at}
    return usable_labels(votes, predicted, limits, manifest.classes, log, trained_at, rules.of)


def _answered(counted: Windows, texts: Collection[str]) -> dict[str, Said]:
    """What was answered last to each text, but in the shadow."""
    return {
        answer.text_digest: Said(answer.category, answer.confidence, answer.digest)
        for (_, source), found in sorted(counted.items(), key=lambda item: item[0])
        if source.arm != "shadow"
        for answer in found.judgeable
        if answer.text_digest in texts
    }


def _predicted(store: Engine, texts: Collection[str], champion: Champion) -> dict[str, Said]:
    """What the champion says of those that are kept."""
    kept = {digest: text for digest, text in known_texts(store) if digest in texts} if texts else {}
    predictions = Predictor(champion.bundle).predict_many(list(kept.values()))
    return {
        text: Said(said.category, said.confidence, champion.bundle.digest)
        for text, said in zip(kept, predictions, strict=True)
    }
