"""Plan a training: which candidates, on which dataset. The first step of a stepwise training."""

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
        """As JSON-serialisable values."""
        plan = self.plan
        return {
            "plan": self.plan_id,
            "needed": plan is not None,
            "reason": self.reason,
            "dataset": plan.dataset if plan else None,
            "candidates": list(plan.models.models) if plan else [],
        }


class NothingIngested(DataError):  # noqa: N818 - nothing went wrong
    """There is no table to make a dataset of. This is no failure: there is nothing to do."""


def prepare_dataset(settings: Settings, progress: Progress) -> PreparedDataset:
    """A dataset of all that was ingested. Raises `ConfigError`, `NothingIngested`, `DataError`, `StorageError`."""
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    CategoryRules(pipeline.data_pipeline.categories)  # rules that cannot be are told before there is a table
    with only_writer(settings.home, PATIENCE):
        progress.step("Reading what was ingested")
        batches = read_ingested_batches(settings)
        if not batches.ingested:
            inbox = redact_address(settings.inbox_address)
            raise NothingIngested(
                f"There is nothing to make a dataset of: no table was ingested. Put one into {inbox}: newsdesk ingest."
            )
        prepared = prepare_ingested(batches, settings.datasets, pipeline, models.preprocessing.text_cleaning)
        Storage(settings).share(prepared.dataset.folder, DATASET)
    return prepared


def is_trained(version: str, settings: Settings) -> bool:
    """Whether the gate has already decided about a model trained on that dataset version. Raises `StoreError`."""
    store = open_store(settings.database)
    try:
        return version in decided_datasets(store)
    finally:
        store.dispose()


def plan_training(request: PlanRequest, settings: Settings, progress: Progress) -> PlanResult:
    """Plan a training: which candidates, on which dataset. Raises `NewsdeskError`."""
    if request.retraining:
        return _plan_retraining(request, settings, progress)
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    files = PlanFiles(settings)
    if request.dataset is None:
        try:
            prepared = prepare_dataset(settings, progress)
        except NothingIngested as error:
            return PlanResult(None, None, str(error))
        dataset, rows = prepared.dataset, prepared.row_counts
    else:
        dataset = files.dataset(request.dataset)
        kept = sum(dataset.manifest.counts.values())
        rows = {"read": kept, "kept": kept, "quarantined": 0}
    if request.if_needed and is_trained(dataset.version, settings):
        reason = (
            f"A model was trained on dataset {dataset.version} before: newsdesk models ledger tells what came of it."
        )
        return PlanResult(None, None, reason)
    if request.mode == "refresh":
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
    return _save(_apply_request(plan, request), "It was asked for.", files)


def _plan_retraining(request: PlanRequest, settings: Settings, progress: Progress) -> PlanResult:
    from newsdesk.pipeline.retrain import RetrainRequest, assemble_retraining_data

    with only_writer(settings.home, PATIENCE):
        data = assemble_retraining_data(
            RetrainRequest(request.actor, request.if_needed, request.mode), settings, progress
        )
    if data.prepared is None:
        return PlanResult(None, None, data.reason)
    files = PlanFiles(settings)
    files.storage.share(data.prepared.dataset.folder, DATASET)
    plan = Plan(
        pipeline="retrain",
        dataset=data.prepared.dataset.version,
        rows=data.prepared.row_counts,
        models=data.models,
        training=data.pipeline.training_pipeline,
        occasion=dict(data.context),
        created_at=datetime.now(UTC),
    )
    return _save(_apply_request(plan, request), data.reason, files)


def _apply_request(plan: Plan, request: PlanRequest) -> Plan:
    """The plan with the requested candidates and tuning budget. Raises `UsageError`."""
    changes: dict[str, Any] = {}
    if request.candidates is not None:
        changes["models"] = plan.models.with_candidates(request.candidates)
    if request.tuning_budget is not None:
        changes["training"] = plan.training.model_copy(update={"tuning_budget": request.tuning_budget})
    return plan.model_copy(update=changes)


def _save(plan: Plan, reason: str, files: PlanFiles) -> PlanResult:
    from newsdesk.pipeline.candidate_training import check_candidates

    check_candidates(plan.models, plan.training.random_seed)
    return PlanResult(files.add(plan), plan, reason)
