"""The main job: from a table to the best model in charge."""

from dataclasses import dataclass

from newsdesk.config.settings import Settings
from newsdesk.config.yaml_file import load_model_config, load_pipeline_config
from newsdesk.pipeline.lock import only_writer
from newsdesk.pipeline.prepare import Prepared, Source, prepare
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.promote import Judged, Promotions
from newsdesk.pipeline.train import Trained, train
from newsdesk.store.database import open_store


@dataclass(frozen=True)
class Outcome:
    """All that the main job has to tell."""

    prepared: Prepared
    trained: Trained
    judged: Judged


def run(source: Source, settings: Settings, actor: str, progress: Progress) -> Outcome:
    """Read, quarantine, split, clean, train, compare, judge, promote. Raises `NewsdeskError` in one sentence."""
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    with only_writer(settings.home):
        prepared = prepare(source, settings.datasets, pipeline, models.preprocessing.text_cleaning, progress)

        progress.step("Opening the registry")
        from newsdesk.registry.tracking import Tracking  # MLflow takes seconds to import: bad data is told before
        from newsdesk.registry.versions import Registry

        tracking, registry, store = Tracking(settings), Registry(settings), open_store(settings.database)
        trained = train(prepared.dataset, models, pipeline.training_pipeline.random_seed, tracking, progress)

        progress.step("Judging and registering")
        promotions = Promotions(settings, registry, store, actor)
        judged = promotions.judge(trained, prepared.dataset, pipeline.training_pipeline)
    return Outcome(prepared, trained, judged)
