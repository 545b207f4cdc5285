"""Decide what is to be trained on what: the first step of a training that goes on step by step."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.dataset import MANIFEST as DATASET
from newsdesk.config.config_files import load_model_config, load_pipeline_config
from newsdesk.config.settings import Settings
from newsdesk.errors import DataError
from newsdesk.pipeline.batches import read_ingested_batches
from newsdesk.pipeline.lock import PATIENCE, only_writer
from newsdesk.pipeline.plan.plan import Plan, PlanFiles
from newsdesk.pipeline.prepare import PreparedDataset, prepare_ingested
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.storage import Storage
from newsdesk.redaction import redact_address
from newsdesk.registry.champion import find_champion
from newsdesk.store.database import open_store
from newsdesk.store.ledger import decided_datasets

if TYPE_CHECKING:
    from newsdesk.pipeline.retrain import Mode


@dataclass(frozen=True)
class PlanRequest:
    """What to plan. `dataset`: None takes all that was ingested. `candidates`: None takes all of `model_config.yaml`,
    or in `refresh` mode the champion's kind. `retraining`: on the champion's articles and what editors said since.
    `if_needed`: only a dataset that was not trained on yet; of a retraining, only where the newest monitoring pass asks
    for it."""

    actor: str
    dataset: str | None = None
    candidates: tuple[str, ...] | None = None
    mode: "Mode | None" = None
    tuning_budget: int | None = None
    retraining: bool = False
    if_needed: bool = False


@dataclass(frozen=True)
class PlanResult:
    """A plan, or why there is none."""

    plan_id: str | None
    plan: Plan | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Such that JSON can hold it."""
        plan = self.plan
        return {
            "plan": self.plan_id,
            "needed": plan is not None,
            "reason": self.reason,
            "dataset": plan.dataset if plan else None,
            "candidates": list(plan.models.models) if plan else [],
        }


class NothingIngested(DataError):  # noqa: N818 - nothing went wrong
    """There is no table to make a dataset of: no failure, but nothing to do."""


def prepare_dataset(settings: Settings, progress: Progress) -> PreparedDataset:
    """A dataset of all that was ingested. Raises `ConfigError`, `NothingIngested`, `DataError`, `StorageError`."""
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    CategoryRules(pipeline.data_pipeline.categories)  # rules that cannot be are told before there is a table
    with only_writer(settings.home, PATIENCE):
        progress.step("Reading what was ingested")
        intake = read_ingested_batches(settings)
        if not intake.ingested:
            where = redact_address(settings.inbox_address)
            raise NothingIngested(
                f"There is nothing to make a dataset of: no table was ingested. Put one into {where}: newsdesk ingest."
            )
        prepared = prepare_ingested(intake, settings.datasets, pipeline, models.preprocessing.text_cleaning)
        Storage(settings).share(prepared.dataset.folder, DATASET)
    return prepared


def is_trained(version: str, settings: Settings) -> bool:
    """Whether a model was trained on the dataset of that version, and decided about. Raises `StoreError`."""
    store = open_store(settings.database)
    try:
        return version in decided_datasets(store)
    finally:
        store.dispose()


def plan_training(wanted: PlanRequest, settings: Settings, progress: Progress) -> PlanResult:
    """Decide what is to be trained on what. Raises `NewsdeskError`."""
    if wanted.retraining:
        return _plan_retraining(wanted, settings, progress)
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    files = PlanFiles(settings)
    if wanted.dataset is None:
        try:
            prepared = prepare_dataset(settings, progress)
        except NothingIngested as nothing:
            return PlanResult(None, None, str(nothing))
        dataset, rows = prepared.dataset, prepared.row_counts
    else:
        dataset = files.dataset(wanted.dataset)
        kept = sum(dataset.manifest.counts.values())
        rows = {"read": kept, "kept": kept, "quarantined": 0}
    if wanted.if_needed and is_trained(dataset.version, settings):
        reason = (
            f"A model was trained on dataset {dataset.version} before: newsdesk models ledger tells what came of it."
        )
        return PlanResult(None, None, reason)
    if wanted.mode == "refresh":
        from newsdesk.pipeline.retrain import chosen_models

        models = chosen_models(models, find_champion(settings).bundle.manifest.model_name, "refresh")
    plan = Plan(
        pipeline="run",
        dataset=dataset.version,
        rows=rows,
        models=models,
        training=pipeline.training_pipeline,
        created_at=datetime.now(UTC),
    )
    return _kept(_as_wanted(plan, wanted), "It was asked for.", files)


def _plan_retraining(wanted: PlanRequest, settings: Settings, progress: Progress) -> PlanResult:
    from newsdesk.pipeline.retrain import RetrainRequest, assemble_retraining_data

    with only_writer(settings.home, PATIENCE):
        found = assemble_retraining_data(
            RetrainRequest(wanted.actor, wanted.if_needed, wanted.mode), settings, progress
        )
    if found.prepared is None:
        return PlanResult(None, None, found.reason)
    files = PlanFiles(settings)
    files.storage.share(found.prepared.dataset.folder, DATASET)
    plan = Plan(
        pipeline="retrain",
        dataset=found.prepared.dataset.version,
        rows=found.prepared.row_counts,
        models=found.models,
        training=found.pipeline.training_pipeline,
        occasion=dict(found.occasion),
        created_at=datetime.now(UTC),
    )
    return _kept(_as_wanted(plan, wanted), found.reason, files)


def _as_wanted(plan: Plan, wanted: PlanRequest) -> Plan:
    """With the candidates and the tuning budget that were asked for. Raises `UsageError`."""
    changes: dict[str, Any] = {}
    if wanted.candidates is not None:
        changes["models"] = plan.models.with_candidates(wanted.candidates)
    if wanted.tuning_budget is not None:
        changes["training"] = plan.training.model_copy(update={"tuning_budget": wanted.tuning_budget})
    return plan.model_copy(update=changes)


def _kept(plan: Plan, reason: str, files: PlanFiles) -> PlanResult:
    from newsdesk.pipeline.candidate_training import check_candidates

    check_candidates(plan.models, plan.training.random_seed)
    return PlanResult(files.add(plan), plan, reason)
