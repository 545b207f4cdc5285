"""One monitoring pass: count the newest windows of the prediction log, judge them, remember what was found."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from newsdesk.articles.category import Spellings
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.config_files import load_pipeline_config
from newsdesk.config.pipeline_config import Monitoring
from newsdesk.config.settings import Settings
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.drift import DriftReference, drift_scores, window_state
from newsdesk.monitoring.labels import Labels
from newsdesk.monitoring.misclassified_texts import NOT_ASKED_FOR, MisclassifiedTexts
from newsdesk.monitoring.report import DriftScore, Report, State
from newsdesk.monitoring.report_query import OF_CHAMPION, read_report, scores_to_json
from newsdesk.monitoring.retraining_decision import ATTEMPTED
from newsdesk.monitoring.window_counts import WindowCounts
from newsdesk.monitoring.windows import AnswerSource, CountedWindow, window_starts
from newsdesk.pipeline.feedback import Windows, count_windows, label_counts, labels_of
from newsdesk.pipeline.known_texts import mark_unteachable
from newsdesk.pipeline.misclassified_texts import find_misclassified_texts
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.run_log import log_run
from newsdesk.registry.champion import Champion, find_champion
from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback
from newsdesk.store.pipeline_runs import PipelineRun, newest_run, record_run
from newsdesk.store.records import StoreError
from newsdesk.store.windows import StoredWindow, save_windows


class MonitoringResult(NamedTuple):
    """What a pass found, the manifest of the champion it is about, and texts of what that mixes up."""

    report: Report
    manifest: BundleManifest
    examples: MisclassifiedTexts


def _now() -> datetime:
    return datetime.now(UTC)


class MonitoringOptions(NamedTuple):
    """Whether a pass looks for texts as well, and by which clock."""

    with_examples: bool = False
    clock: Callable[[], datetime] = _now


USUAL = MonitoringOptions()


def monitor(settings: Settings, progress: Progress, options: MonitoringOptions = USUAL) -> MonitoringResult:
    """Look at the newest windows, again at those that were looked at before. However many passes find the same.

    Raises `NewsdeskError`; what was found before stays then, and that the pass failed is remembered.
    """
    config = load_pipeline_config(settings.config_dir)
    rules = CategoryRules(config.data_pipeline.categories)
    store = open_store(settings.database)
    try:
        with log_run(settings, "monitor"):
            return _pass(store, settings, config.monitoring, rules, progress, options)
    except SQLAlchemyError as error:
        raise StoreError(f"The store failed while it was read ({type(error).__name__}). Run the pass again.") from error
    finally:
        store.dispose()


def _pass(
    store: Engine,
    settings: Settings,
    monitoring: Monitoring,
    rules: CategoryRules,
    progress: Progress,
    options: MonitoringOptions,
) -> MonitoringResult:
    now = options.clock()
    progress.step("Looking for the champion")
    champion = find_champion(settings)
    progress.step("Reading feedback")
    annotations = current_feedback(store)
    starts = window_starts(now, monitoring.window, monitoring.look_back)
    counted = count_windows(store, starts, monitoring.window, annotations, progress)
    labels = labels_of(store, annotations, counted, champion, monitoring.feedback, rules)
    labels = mark_unteachable(labels, store, settings, champion)
    spellings = Spellings(champion.bundle.manifest.classes, rules.of)
    _judge(counted, labels, spellings)
    progress.step("Judging the windows")
    stored = _stored(counted, champion, monitoring)
    save_windows(store, starts[0], monitoring.window, stored)
    last_training = _last_training(store, champion)
    detail = {
        **label_counts(labels),
        "new_labels": labels.since(last_training),
        "new_without_text": labels.without_text_since(last_training),
    }
    record_run(store, PipelineRun("monitor", now, options.clock(), "succeeded", detail=detail))
    report = read_report(store, champion.version, champion.bundle.manifest, monitoring, now)
    assert report is not None  # its pass was recorded just now
    examples = MisclassifiedTexts(why_none=NOT_ASKED_FOR)
    if options.with_examples:
        examples = find_misclassified_texts(
            store, report, counted, labels, spellings, is_kept=settings.store_feedback_text
        )
    return MonitoringResult(report, champion.bundle.manifest, examples)


def _judge(counted: Windows, labels: Labels, spellings: Spellings) -> None:
    for found in counted.values():
        for answer in found.judgeable:
            text = answer.text_digest
            if text in labels.categories:
                predicted = spellings.of(answer.category)
                found.tally.judge(labels.categories[text], predicted, is_reviewed=text in labels.reviewed)


def _stored(counted: Windows, champion: Champion, monitoring: Monitoring) -> list[StoredWindow]:
    verdicts = _verdicts(counted, champion, monitoring)
    stored = []
    for (start, source), found in counted.items():
        scores, state = verdicts[start] if _is_of(champion, source) else ((), "too_few")
        stored.append(
            StoredWindow(
                start=start,
                seconds=monitoring.window,
                digest=source.digest,
                arm=source.arm,
                version=source.version,
                tally=found.tally.to_json(),
                scores=scores_to_json(scores),
                state=state,
            )
        )
    return stored


def _verdicts(
    counted: Windows, champion: Champion, monitoring: Monitoring
) -> dict[datetime, tuple[tuple[DriftScore, ...], State]]:
    """How far the champion's texts in each window are from those it was measured on, whatever the arm."""
    own: dict[datetime, list[CountedWindow]] = {}
    for (start, source), found in counted.items():
        if _is_of(champion, source):
            own.setdefault(start, []).append(found)
    if champion.bundle.manifest.profile is None:
        return dict.fromkeys(own, ((), "too_few"))
    reference, verdicts = DriftReference(champion.bundle), {}
    for start, parts in own.items():
        tally = sum((part.tally for part in parts), start=WindowCounts())
        terms = [text.terms for part in parts for text in part.sample.values()]
        scores = drift_scores(reference, tally, terms, monitoring.drift, monitoring.min_texts)
        verdicts[start] = scores, window_state(scores)
    return verdicts


def _is_of(champion: Champion, source: AnswerSource) -> bool:
    return source.digest == champion.bundle.digest and source.arm in OF_CHAMPION


def _last_training(store: Engine, champion: Champion) -> datetime:
    learnt = (status for status in ATTEMPTED if status != "failed")
    retrained = newest_run(store, "retrain", *learnt)
    return max([champion.bundle.manifest.trained_at, *([retrained.ended_at] if retrained else [])])
