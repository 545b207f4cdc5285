"""One monitoring pass: count the newest windows of the prediction log, judge them, remember what was found."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from newsdesk.articles.category import Spellings
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.pipeline_config import Monitoring
from newsdesk.config.settings import Settings
from newsdesk.config.yaml_file import load_pipeline_config
from newsdesk.model.bundle import Manifest
from newsdesk.monitoring.decision import ATTEMPTED
from newsdesk.monitoring.drift import Reference, drift_scores, state_of
from newsdesk.monitoring.examples import NOT_ASKED_FOR, Examples
from newsdesk.monitoring.labels import Labels
from newsdesk.monitoring.reading import OF_CHAMPION, read_report, scores_to_json
from newsdesk.monitoring.report import DriftScore, Report, State
from newsdesk.monitoring.tally import Tally
from newsdesk.monitoring.windows import Counted, Source, window_starts
from newsdesk.pipeline.ending import remembered
from newsdesk.pipeline.examples import find_examples
from newsdesk.pipeline.feedback import Windows, count_windows, label_counts, labels_of
from newsdesk.pipeline.known_texts import mark_unteachable
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.champion import Champion, find_champion
from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback
from newsdesk.store.pipeline_runs import PipelineRun, newest_run, record_run
from newsdesk.store.records import StoreError
from newsdesk.store.windows import StoredWindow, save_windows


class Watched(NamedTuple):
    """What a pass found, the manifest of the champion it is about, and texts of what that mixes up."""

    report: Report
    manifest: Manifest
    examples: Examples


def _now() -> datetime:
    return datetime.now(UTC)


class PassOptions(NamedTuple):
    """Whether a pass looks for texts as well, and by which clock."""

    with_examples: bool = False
    clock: Callable[[], datetime] = _now


USUAL = PassOptions()


def monitor(settings: Settings, progress: Progress, options: PassOptions = USUAL) -> Watched:
    """Look at the newest windows, again at those that were looked at before. However many passes find the same.

    Raises `NewsdeskError`; what was found before stays then, and that the pass failed is remembered.
    """
    config = load_pipeline_config(settings.config_dir)
    rules = CategoryRules(config.data_pipeline.categories)
    store = open_store(settings.database)
    try:
        with remembered(settings, "monitor"):
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
    options: PassOptions,
) -> Watched:
    now = options.clock()
    progress.step("Looking for the champion")
    champion = find_champion(settings)
    progress.step("Reading feedback")
    votes = current_feedback(store)
    starts = window_starts(now, monitoring.window, monitoring.look_back)
    counted = count_windows(store, starts, monitoring.window, votes, progress)
    labels = labels_of(store, votes, counted, champion, monitoring.feedback, rules)
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
    examples = Examples(why_none=NOT_ASKED_FOR)
    if options.with_examples:
        examples = find_examples(store, report, counted, labels, spellings, is_kept=settings.store_feedback_text)
    return Watched(report, champion.bundle.manifest, examples)


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
    own: dict[datetime, list[Counted]] = {}
    for (start, source), found in counted.items():
        if _is_of(champion, source):
            own.setdefault(start, []).append(found)
    if champion.bundle.manifest.profile is None:
        return dict.fromkeys(own, ((), "too_few"))
    reference, verdicts = Reference(champion.bundle), {}
    for start, parts in own.items():
        tally = sum((part.tally for part in parts), start=Tally())
        terms = [text.terms for part in parts for text in part.sample.values()]
        scores = drift_scores(reference, tally, terms, monitoring.drift, monitoring.min_texts)
        verdicts[start] = scores, state_of(scores)
    return verdicts


def _is_of(champion: Champion, source: Source) -> bool:
    return source.digest == champion.bundle.digest and source.arm in OF_CHAMPION


def _last_training(store: Engine, champion: Champion) -> datetime:
    learnt = (status for status in ATTEMPTED if status != "failed")
    retrained = newest_run(store, "retrain", *learnt)
    return max([champion.bundle.manifest.trained_at, *([retrained.ended_at] if retrained else [])])
