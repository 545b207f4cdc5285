"""Retrain on the champion's articles and on editors' feedback since then, and let the gate decide."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sqlalchemy import Engine

from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.column_mapping import BY_NAME, ColumnNames
from newsdesk.articles.date_parsing import DateOrder
from newsdesk.articles.table_report import TableReport
from newsdesk.config.config_files import load_model_config, load_pipeline_config
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import Monitoring, PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.monitoring.labels import Labels
from newsdesk.monitoring.report_query import read_report
from newsdesk.monitoring.retraining_decision import ATTEMPTED
from newsdesk.pipeline.champion_articles import read_champion_articles
from newsdesk.pipeline.corrections import build_retraining_table, usable_corrections
from newsdesk.pipeline.feedback import label_counts, labels_in
from newsdesk.pipeline.gate_options import NOTHING_SAID, GateOptions
from newsdesk.pipeline.known_texts import digests_of_articles
from newsdesk.pipeline.lock import only_writer
from newsdesk.pipeline.prepare import PreparedDataset, write_prepared_dataset
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.retraining_table import RetrainingTable
from newsdesk.pipeline.run import RunResult, train_and_judge
from newsdesk.pipeline.run_log import RunLogEntry, log_run
from newsdesk.pipeline.table_check import ArticleSource, check_table
from newsdesk.registry.champion import Champion, find_champion
from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback
from newsdesk.store.feedback_texts import known_text_digests
from newsdesk.store.pipeline_runs import newest_run

Mode = Literal["refresh", "full"]


@dataclass(frozen=True)
class RetrainRequest:
    """What to do, for whom. `mode`: `refresh` fits the champion's kind of classifier alone, `full` compares all of
    `model_config.yaml`; None as `pipeline_config.yaml` says. `data`: a table of labelled articles to learn from,
    too, in `columns` of these names, its dates in `date_order`, in this
    `encoding` and on this `sheet`. `options`: what is said to the gate beforehand.
    """

    actor: str
    if_needed: bool = False
    mode: Mode | None = None
    data: Path | None = None
    columns: ColumnNames = BY_NAME
    date_order: DateOrder | None = None
    encoding: str = "utf-8"
    sheet: str | None = None
    options: GateOptions = NOTHING_SAID


@dataclass(frozen=True)
class RetrainResult:
    """What became of it, and why. `corrected` and `labels`, what feedback came to, are None where it was not needed,
    `outcome` where nothing was trained."""

    reason: str
    corrected: RetrainingTable | None = None
    labels: Labels | None = None
    outcome: RunResult | None = None

    @property
    def table_report(self) -> TableReport | None:
        """How the table was read, if one was given."""
        return self.corrected.table_report if self.corrected else None


def retrain(request: RetrainRequest, settings: Settings, progress: Progress) -> RetrainResult:
    """Retrain, or, where the order says so, only if the newest monitoring pass asks for it. Raises `NewsdeskError`.

    The store remembers how it ended, unless it was not needed.
    """
    with only_writer(settings.home):
        data = assemble_retraining_data(request, settings, progress)
        if data.prepared is None:
            return RetrainResult(data.reason, data.corrected, data.labels)
        with log_run(settings, "retrain", request.options) as run_log:
            run_log.detail = dict(data.context["retraining"])
            outcome = train_and_judge(
                data.prepared,
                data.models,
                data.pipeline,
                settings,
                request.actor,
                progress,
                data.context,
                request.options,
            )
            run_log.status, run_log.rows = outcome.status, data.prepared.row_counts
            run_log.detail |= outcome.summary
    return RetrainResult(data.reason, data.corrected, data.labels, outcome)


class RetrainingData(NamedTuple):
    """What to retrain on, and how. `prepared` is None where there is nothing new to learn from."""

    reason: str
    corrected: RetrainingTable | None = None
    labels: Labels | None = None
    prepared: PreparedDataset | None = None
    models: ModelConfig = ModelConfig()
    pipeline: PipelineConfig = PipelineConfig()
    context: Mapping[str, Any] = {}


def assemble_retraining_data(request: RetrainRequest, settings: Settings, progress: Progress) -> RetrainingData:
    """The dataset to retrain on, or, where the order says so, only if the newest monitoring pass asks for it. Raises
    `NewsdeskError`. Holds `only_writer`. The store remembers where there was nothing new, and what failed."""
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    progress.step("Looking for the champion")
    champion, store = find_champion(settings), open_store(settings.database)
    try:
        needed, reason = True, "It was asked for by hand."
        if request.if_needed:
            needed, reason = _check_need(store, champion, pipeline.monitoring)
        if not needed:
            return RetrainingData(reason)
        with log_run(settings, "retrain", request.options) as run_log:
            run_log.detail = {"reason": reason, "mode": request.mode or pipeline.monitoring.retraining.mode}
            return _assemble(request, settings, models, pipeline, champion, store, progress, run_log)
    finally:
        store.dispose()


def _assemble(
    request: RetrainRequest,
    settings: Settings,
    models: ModelConfig,
    pipeline: PipelineConfig,
    champion: Champion,
    store: Engine,
    progress: Progress,
    run_log: RunLogEntry,
) -> RetrainingData:
    cleaning = models.preprocessing.text_cleaning
    rules = CategoryRules(pipeline.data_pipeline.categories)
    known = read_champion_articles(settings, champion, pipeline, rules, may_be_gone=request.data is not None)
    date_order = request.date_order or pipeline.data_pipeline.date_order
    source = ArticleSource(request.data, None, request.columns, request.encoding, date_order, request.sheet)
    checked = check_table(source, cleaning, progress, rules) if request.data else None
    progress.step("Reading feedback")
    labels = labels_in(
        store, current_feedback(store), champion, pipeline.monitoring, datetime.now(UTC), progress, rules
    )
    min_articles = pipeline.data_pipeline.min_articles_per_category
    share = pipeline.monitoring.feedback.max_caller_share
    texts = digests_of_articles([*known.articles, *(item.article for item in (checked.accepted if checked else ()))])
    labels = labels.without_texts(labels.categories.keys() - texts - known_text_digests(store))
    corrections = usable_corrections(labels, store)
    corrected = build_retraining_table(
        known.articles, checked, corrections, cleaning, min_articles, known.guard, share, rules
    )
    corrected = replace(corrected, renamed=known.renamed, removed=known.removed)
    run_log.detail["corrections"] = corrected.counts()
    run_log.detail |= label_counts(labels)
    if not corrected.is_new:
        reason = f"There is nothing new to learn from: {corrected}."
        run_log.status, run_log.detail["reason"] = "skipped", reason
        return RetrainingData(reason, corrected, labels)
    description = f"dataset {champion.bundle.manifest.dataset_version}, corrected" + (
        f", with {request.data}" if request.data else ""
    )
    constraints = corrected.constraints(known.learnt, known.guard)
    prepared = write_prepared_dataset(
        corrected.checked(description), settings.datasets, known.pipeline, cleaning, constraints
    )
    chosen = chosen_models(models, champion.bundle.manifest.model_name, run_log.detail["mode"])
    context = {"retraining": dict(run_log.detail)}
    return RetrainingData(run_log.detail["reason"], corrected, labels, prepared, chosen, known.pipeline, context)


def _check_need(store: Engine, champion: Champion, monitoring: Monitoring) -> tuple[bool, str]:
    """Whether the newest pass asks for it, and why or why not. A pass is good for one retraining."""
    report = read_report(store, champion.version, champion.bundle.manifest, monitoring, datetime.now(UTC))
    if report is None:
        return False, "There was no monitoring pass yet: newsdesk monitor."
    last_run = newest_run(store, "retrain", *ATTEMPTED)
    if last_run is not None and last_run.ended_at >= report.at:
        return False, "There was no monitoring pass since the last retraining: newsdesk monitor."
    return report.decision.retrain, report.decision.reason


def chosen_models(models: ModelConfig, champion: str, mode: Mode) -> ModelConfig:
    """The candidates: in `refresh` mode the champion's kind alone, where it is still among them."""
    if mode == "full" or champion not in models.models:
        return models
    return models.model_copy(update={"models": {champion: models.models[champion]}})
