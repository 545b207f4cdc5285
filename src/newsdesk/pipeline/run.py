"""The main job: from a table to the best model in charge."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsdesk.config.settings import Settings
from newsdesk.config.yaml_file import MODEL_CONFIG, load_model_config, load_pipeline_config
from newsdesk.errors import ConfigError
from newsdesk.pipeline.lock import only_writer
from newsdesk.pipeline.prepare import Prepared, Source, prepare
from newsdesk.pipeline.progress import Progress

if TYPE_CHECKING:
    from newsdesk.pipeline.judge import Judged
    from newsdesk.pipeline.train import Trained


@dataclass(frozen=True)
class Outcome:
    """All that the main job has to tell."""

    prepared: Prepared
    trained: "Trained"
    judged: "Judged"


def run(source: Source, settings: Settings, actor: str, progress: Progress) -> Outcome:
    """Read, quarantine, split, clean, train, compare, judge, promote. Raises `NewsdeskError` in one sentence."""
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    with only_writer(settings.home):
        prepared = prepare(source, settings.datasets, pipeline, models.preprocessing.text_cleaning, progress)

        progress.step("Opening the registry")
        # scikit-learn and MLflow take seconds to import; bad data has been told by now.
        from newsdesk.pipeline.judge import Gate
        from newsdesk.pipeline.promote import Promotions
        from newsdesk.pipeline.train import check_candidates, train
        from newsdesk.registry.tracking import Tracking
        from newsdesk.registry.versions import Registry
        from newsdesk.store.database import open_store

        seed = pipeline.training_pipeline.random_seed
        with _named(settings.config_dir / MODEL_CONFIG):
            check_candidates(models, seed)
            tracking, registry, store = Tracking(settings), Registry(settings), open_store(settings.database)
            trained = train(prepared.dataset, models, seed, tracking, progress)

        progress.step("Judging and registering")
        promotions = Promotions(settings, registry, store, actor)
        judged = Gate(settings, registry, promotions).judge(trained, prepared.dataset, pipeline.training_pipeline)
    return Outcome(prepared, trained, judged)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Say in which file the setting stands that a classifier complains of."""
    try:
        yield
    except ConfigError as error:
        if not str(error).startswith("models."):
            raise
        raise ConfigError(f"{file}: {error}") from error
