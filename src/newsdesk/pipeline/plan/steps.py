"""The steps of a planned training. Each reads the results of earlier steps, may run elsewhere, and may be repeated."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from newsdesk import atomic
from newsdesk.config.settings import Settings
from newsdesk.errors import TrainingError, UsageError
from newsdesk.model.bundle_files import load_bundle, write_bundle
from newsdesk.pipeline.candidate_training import fit_candidate, prepare_inputs
from newsdesk.pipeline.gate_options import GateOptions
from newsdesk.pipeline.lock import PATIENCE, only_writer
from newsdesk.pipeline.plan.plan import Plan, PlanFiles
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.promoter import Promoter
from newsdesk.pipeline.promotion_gate import GateResult, PromotionGate
from newsdesk.pipeline.run_log import STATUS_OF, log_run
from newsdesk.pipeline.train import TrainingResult, Winner, compare
from newsdesk.registry.version import Version
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from newsdesk.training.candidate import Candidate
from newsdesk.training.gate import Decision, Verdict
from newsdesk.training.persistence import (
    CANDIDATE,
    evaluation_from_json,
    evaluation_to_json,
    load_candidate,
    load_pipeline,
    save_candidate,
    save_pipeline,
)

if TYPE_CHECKING:
    from newsdesk.registry.mlflow_registry import MlflowRegistry

_TRAINED, _PIPELINE, _VERDICT = "trained.json", "pipeline.skops", "verdict.json"


@dataclass(frozen=True)
class PromotionResult:
    """What the gate decided of a plan; `champion` is who is in charge now. `is_done`: it was acted upon."""

    verdict: Verdict
    version: str | None
    champion: dict[str, str] | None
    digest: str
    is_done: bool


def train_candidate(plan_id: str, name: str, settings: Settings, progress: Progress) -> Candidate:
    """Fit and measure one candidate of a plan, unless this was done before. Raises `NewsdeskError`."""
    files = PlanFiles(settings)
    plan, folder = files.plan(plan_id), files.candidate(plan_id, name)
    if name not in plan.models.models:
        raise UsageError(f"Plan {plan_id} has no candidate '{name}', but {', '.join(plan.models.models)}.")
    if files.storage.fetch(folder, CANDIDATE):
        return load_candidate(folder)
    with log_run(settings, plan.pipeline):
        progress.step("Cleaning and counting terms")
        inputs = prepare_inputs(files.dataset(plan.dataset), plan.models, plan.training.random_seed)
        progress.step(f"Fitting {name}")
        candidate = fit_candidate(name, inputs, plan.training.tuning_budget, plan.training.gate.metric, progress)
        save_candidate(candidate, folder)
        files.storage.share(folder, CANDIDATE)
    return candidate


def evaluate_plan(plan_id: str, settings: Settings, progress: Progress) -> TrainingResult:
    """Compare the candidates of a plan, refit the best, measure and track it, unless this was done before.

    Raises `NewsdeskError`; `TrainingError` where a candidate was not fitted yet.
    """
    from newsdesk.registry.tracking import Tracking  # MLflow takes seconds to import, and candidates need none

    files = PlanFiles(settings)
    plan, folder = files.plan(plan_id), files.trained(plan_id)
    candidates = [_load_candidate(files, plan_id, name) for name in plan.models.models]
    if files.storage.fetch(folder, _TRAINED):
        return _load(folder, candidates)
    with log_run(settings, plan.pipeline):
        dataset = files.dataset(plan.dataset)
        trained = compare(candidates, dataset, plan.models, plan.training, Tracking(settings), progress)
        _save(trained, folder)
        files.storage.share(folder, _TRAINED)
    return trained


def promote_plan(
    plan_id: str, settings: Settings, actor: str, progress: Progress, *, dry_run: bool = False, yes: bool = False
) -> PromotionResult:
    """Let the gate decide about what a plan came to, and do what it decided, once. Raises `NewsdeskError`.

    With `dry_run` nothing is done, and nothing remembered. What waits for a `yes` is decided anew the next time.
    """
    from newsdesk.registry.mlflow_registry import MlflowRegistry

    files = PlanFiles(settings)
    plan, folder = files.plan(plan_id), files.verdict(plan_id)
    if files.storage.fetch(folder, _VERDICT):
        return _result_from_json(json.loads((folder / _VERDICT).read_bytes()))
    if not files.storage.fetch(files.trained(plan_id), _TRAINED):
        raise TrainingError(f"Plan {plan_id} was not evaluated yet: newsdesk evaluate --plan {plan_id}.")
    trained, dataset = _load(files.trained(plan_id), ()), files.dataset(plan.dataset)
    progress.step("Judging and registering")
    registry, store = MlflowRegistry(settings), open_store(settings.database)
    try:
        promotions = Promoter(settings, registry, store, actor)
        gate = PromotionGate(settings, registry, promotions, GateOptions(yes, "nothing" if dry_run else "promote"))
        if dry_run:
            return _to_result(gate.judge(trained, dataset, plan.training, plan.occasion), trained)
        with only_writer(settings.home, PATIENCE), log_run(settings, plan.pipeline) as run_log:
            promotions.finish_interrupted()
            judged = _find_finished_promotion(store, registry, plan_id)
            judged = judged or gate.judge(trained, dataset, plan.training, plan.occasion | {"plan": plan_id})
            result = _to_result(judged, trained)
            if judged.verdict.decision != "waiting":
                _save_result(result, folder)
                files.storage.share(folder, _VERDICT)
            run_log.status, run_log.rows = STATUS_OF[judged.verdict.decision], plan.rows
            run_log.detail = _detail(plan) | {"decision": judged.verdict.decision, "version": judged.version}
        return result
    finally:
        store.dispose()


def _find_finished_promotion(store: Engine, registry: "MlflowRegistry", plan_id: str) -> GateResult | None:
    """The promotion of an earlier attempt that was finished but killed before it could record this."""
    newest, champion = next(reversed(entries(store)), None), registry.holder("champion")
    if newest is None or champion is None or newest.evidence.get("plan") != plan_id:
        return None
    if newest.decision != "promoted" or newest.to_version != champion.version:
        return None
    return GateResult(Verdict("promoted", newest.reason, newest.evidence.get("gate", {})), champion.version, champion)


def _detail(plan: Plan) -> dict[str, Any]:
    retraining: dict[str, Any] = plan.occasion.get("retraining", {})
    return retraining | {"dataset_version": plan.dataset}


def _load_candidate(files: PlanFiles, plan_id: str, name: str) -> Candidate:
    folder = files.candidate(plan_id, name)
    if not files.storage.fetch(folder, CANDIDATE):
        command = f"newsdesk train --plan {plan_id} --candidate {name}"
        raise TrainingError(f"Candidate '{name}' of plan {plan_id} was not fitted yet: {command}.")
    return load_candidate(folder)


def _save(trained: TrainingResult, folder: Path) -> None:
    values = {
        "name": trained.winner.name,
        "articles": trained.winner.articles,
        "test": evaluation_to_json(trained.test),
        "run_id": trained.run_id,
    }
    with atomic.new_folder(folder) as draft:
        write_bundle(trained.bundle, draft)
        save_pipeline(trained.winner.pipeline, draft / _PIPELINE)
        (draft / _TRAINED).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _load(folder: Path, candidates: "tuple[Candidate, ...] | list[Candidate]") -> TrainingResult:
    values = json.loads((folder / _TRAINED).read_bytes())
    winner = Winner(values["name"], load_pipeline(folder / _PIPELINE), values["articles"])
    test = evaluation_from_json(values["test"])
    return TrainingResult(list(candidates), winner, load_bundle(folder), test, values["run_id"])


def _to_result(judged: GateResult, trained: TrainingResult) -> PromotionResult:
    return PromotionResult(
        judged.verdict, judged.version, _champion_dict(judged.champion), trained.bundle.digest, judged.is_done
    )


def _champion_dict(champion: Version | None) -> dict[str, str] | None:
    return None if champion is None else {"version": champion.version, "digest": champion.digest}


def _save_result(result: PromotionResult, folder: Path) -> None:
    with atomic.new_folder(folder) as draft:
        (draft / _VERDICT).write_text(json.dumps(as_dict(result), indent=1) + "\n", encoding="utf-8")


def as_dict(result: PromotionResult) -> dict[str, Any]:
    """As JSON-serialisable values."""
    flat = vars(result) | vars(result.verdict)
    return {name: value for name, value in flat.items() if name != "verdict"}


def _result_from_json(values: dict[str, Any]) -> PromotionResult:
    decision: Decision = values.pop("decision")
    verdict = Verdict(decision, values.pop("reason"), values.pop("evidence", {}))
    return PromotionResult(verdict=verdict, **values)
