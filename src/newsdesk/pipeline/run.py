"""The main job: from a table to the best model in charge."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsdesk.config.config_files import MODEL_CONFIG, load_model_config, load_pipeline_config
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.pipeline.gate_options import NOTHING_SAID, GateOptions
from newsdesk.pipeline.lock import only_writer
from newsdesk.pipeline.prepare import PreparedDataset, prepare
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.run_log import STATUS_OF, log_run
from newsdesk.pipeline.sample_rule import refuse_sample_beside_own
from newsdesk.pipeline.table_check import ArticleSource

if TYPE_CHECKING:
    from newsdesk.pipeline.promotion_gate import GateResult
    from newsdesk.pipeline.train import TrainingResult
    from newsdesk.store.pipeline_runs import Status


@dataclass(frozen=True)
class RunResult:
    """The result of the main job."""

    prepared: PreparedDataset
    trained: "TrainingResult"
    judged: "GateResult"

    @property
    def status(self) -> "Status":
        """How it ended."""
        return STATUS_OF[self.judged.verdict.decision] if self.judged.is_done else "kept"

    @property
    def summary(self) -> dict[str, Any]:
        """What the store records of it."""
        decision = self.judged.verdict.decision
        dataset = {"dataset_version": self.prepared.dataset.version, "source": self.prepared.source}
        return dataset | {"decision": decision, "version": self.judged.version}


def run(
    source: ArticleSource,
    settings: Settings,
    actor: str,
    progress: Progress,
    options: GateOptions = NOTHING_SAID,
    candidates: Sequence[str] | None = None,
) -> RunResult:
    """Read, quarantine, split, clean, train, compare, judge, promote. Raises `NewsdeskError` in one sentence.

    `candidates` of the configured ones are fitted; None: all.

    The store remembers how it ended, whatever the end; but nothing of what was to have no effect.
    """
    if source.data is None and options.effect == "promote":
        refuse_sample_beside_own(settings)
    with log_run(settings, "run", options) as run_log:
        models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
        models = models.with_candidates(candidates)
        with only_writer(settings.home):
            prepared = prepare(source, settings.datasets, pipeline, models.preprocessing.text_cleaning, progress)
            outcome = train_and_judge(prepared, models, pipeline, settings, actor, progress, {}, options)
        run_log.status, run_log.rows = outcome.status, prepared.row_counts
        run_log.detail = outcome.summary
    return outcome


def train_and_judge(
    prepared: PreparedDataset,
    models: ModelConfig,
    pipeline: PipelineConfig,
    settings: Settings,
    actor: str,
    progress: Progress,
    context: Mapping[str, Any],
    options: GateOptions = NOTHING_SAID,
) -> RunResult:
    """Train on a dataset, and let the gate decide; `context` goes into the promotion ledger. Holds `only_writer`."""
    progress.step("Opening the registry")
    # scikit-learn and MLflow take seconds to import; bad data has been told by now.
    from newsdesk.pipeline.candidate_training import check_candidates
    from newsdesk.pipeline.promoter import Promoter
    from newsdesk.pipeline.promotion_gate import PromotionGate
    from newsdesk.pipeline.train import train
    from newsdesk.registry.mlflow_registry import MlflowRegistry
    from newsdesk.registry.tracking import NoTracking, Tracking
    from newsdesk.store.database import open_store

    with _name_file_in_errors(settings.config_dir / MODEL_CONFIG):
        check_candidates(models, pipeline.training_pipeline.random_seed)
        tracking = Tracking(settings) if options.effect != "nothing" else NoTracking()
        registry, store = MlflowRegistry(settings), open_store(settings.database)
        trained = train(prepared.dataset, prepared.source, models, pipeline.training_pipeline, tracking, progress)

    progress.step("Judging and registering")
    gate = PromotionGate(settings, registry, Promoter(settings, registry, store, actor), options)
    judged = gate.judge(trained, prepared.dataset, pipeline.training_pipeline, {"source": prepared.source, **context})
    return RunResult(prepared, trained, judged)


@contextmanager
def _name_file_in_errors(file: Path) -> Iterator[None]:
    """Add to an error about a classifier's setting the file that holds it."""
    try:
        yield
    except ConfigError as error:
        if not str(error).startswith("models."):
            raise
        raise ConfigError(f"{file}: {error}") from error
