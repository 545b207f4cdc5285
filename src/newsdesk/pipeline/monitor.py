"""One monitoring pass: count the newest windows of the prediction log, judge them, store the result."""

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
    """The report of a pass, the manifest of its champion, and texts that the champion misclassified."""

    report: Report
    manifest: BundleManifest
    examples: MisclassifiedTexts


def _now() -> datetime:
    return datetime.now(UTC)


class MonitoringOptions(NamedTuple):
    """Whether a pass also looks for texts, and the clock it uses."""

    with_examples: bool = False
    clock: Callable[[], datetime] = _now


USUAL = MonitoringOptions()


def monitor(settings: Settings, progress: Progress, options: MonitoringOptions = USUAL) -> MonitoringResult:
    """Evaluate the newest windows, including those evaluated before. Repeated passes give the same result.

    Raises `NewsdeskError`; earlier results stay then, and the failure is recorded.
    """
    config = load_pipeline_config(settings.config_dir)
    rules = CategoryRules(config.data_pipeline.categories)
    store = open_store(settings.database)
    try:
        with log_run(settings, "monitor"):
            return _run_pass(store, settings, config.monitoring, rules, progress, options)
    except SQLAlchemyError as error:
        raise StoreError(f"The store failed while it was read ({type(error).__name__}). Run the pass again.") from error
    finally:
        store.dispose()


def _run_pass(
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
    windows = count_windows(store, starts, monitoring.window, annotations, progress)
    labels = labels_of(store, annotations, windows, champion, monitoring.feedback, rules)
    labels = mark_unteachable(labels, store, settings, champion)
    spellings = Spellings(champion.bundle.manifest.classes, rules.of)
    _judge_answers(windows, labels, spellings)
    progress.step("Judging the windows")
    stored = _stored_windows(windows, champion, monitoring)
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
            store, report, windows, labels, spellings, is_kept=settings.store_feedback_text
        )
    return MonitoringResult(report, champion.bundle.manifest, examples)


def _judge_answers(windows: Windows, labels: Labels, spellings: Spellings) -> None:
    for window in windows.values():
        for answer in window.judgeable:
            text = answer.text_digest
            if text in labels.categories:
                predicted = spellings.of(answer.category)
                window.tally.judge(labels.categories[text], predicted, is_reviewed=text in labels.reviewed)


def _stored_windows(windows: Windows, champion: Champion, monitoring: Monitoring) -> list[StoredWindow]:
    verdicts = _verdicts(windows, champion, monitoring)
    stored = []
    for (start, source), window in windows.items():
        scores, state = verdicts[start] if _is_by_champion(champion, source) else ((), "too_few")
        stored.append(
            StoredWindow(
                start=start,
                seconds=monitoring.window,
                digest=source.digest,
                arm=source.arm,
                version=source.version,
                tally=window.tally.to_json(),
                scores=scores_to_json(scores),
                state=state,
            )
        )
    return stored


def _verdicts(
    windows: Windows, champion: Champion, monitoring: Monitoring
) -> dict[datetime, tuple[tuple[DriftScore, ...], State]]:
    """How far the champion's texts in each window are from those it was measured on, whatever the arm."""
    by_start: dict[datetime, list[CountedWindow]] = {}
    for (start, source), window in windows.items():
        if _is_by_champion(champion, source):
            by_start.setdefault(start, []).append(window)
    if champion.bundle.manifest.profile is None:
        return dict.fromkeys(by_start, ((), "too_few"))
    reference, verdicts = DriftReference(champion.bundle), {}
    for start, parts in by_start.items():
        tally = sum((part.tally for part in parts), start=WindowCounts())
        terms = [text.terms for part in parts for text in part.sample.values()]
        scores = drift_scores(reference, tally, terms, monitoring.drift, monitoring.min_texts)
        verdicts[start] = scores, window_state(scores)
    return verdicts


def _is_by_champion(champion: Champion, source: AnswerSource) -> bool:
    return source.digest == champion.bundle.digest and source.arm in OF_CHAMPION


def _last_training(store: Engine, champion: Champion) -> datetime:
    statuses = (status for status in ATTEMPTED if status != "failed")
    retrained = newest_run(store, "retrain", *statuses)
    return max([champion.bundle.manifest.trained_at, *([retrained.ended_at] if retrained else [])])
