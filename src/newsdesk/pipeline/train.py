"""From a dataset to a model for the gate: fit every candidate, compare, refit the winner on train and validation."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from newsdesk import __version__
from newsdesk.articles.dataset import Dataset, Examples, read_examples, read_languages
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.errors import TrainingError
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.model.profile_builder import add_profile
from newsdesk.pipeline.candidate_training import epoch_callback, fit_candidate, prepare_inputs, with_hyperparameters
from newsdesk.pipeline.mlflow_records import candidate_record, winner_record
from newsdesk.pipeline.progress import Progress
from newsdesk.stopping import defer_stop
from newsdesk.training.bundle_builder import (
    build_bundle,
    build_vocabulary,
    require_equal,
    with_calibration,
    with_metrics,
)
from newsdesk.training.calibration import expected_calibration_error
from newsdesk.training.candidate import Candidate, best_candidate
from newsdesk.training.cross_fitting import cross_fitted_calibration
from newsdesk.training.evaluation import Evaluation, evaluate
from newsdesk.training.fit import clean_examples, fit_classifier, fit_features

if TYPE_CHECKING:
    from newsdesk.registry.tracking import Tracking


class Winner(NamedTuple):
    """The candidate that won, fitted again on so many articles; its `pipeline` takes cleaned texts."""

    name: str
    pipeline: Any
    articles: int


@dataclass(frozen=True)
class TrainingResult:
    """What training came to: all candidates, and the winner, fitted again on train and validation together.

    `test` is how well the winner's `bundle`, the very thing that would serve, does on the test set.
    """

    candidates: list[Candidate]
    winner: Winner
    bundle: Bundle
    test: Evaluation
    run_id: str


def train(
    dataset: Dataset,
    source: str,
    config: ModelConfig,
    settings: TrainingPipeline,
    tracking: "Tracking",
    progress: Progress,
) -> TrainingResult:
    """Fit, compare and track every candidate in `config`, on what `source` gave.

    Raises `ConfigError`, `TrainingError`.
    """
    progress.step("Cleaning and counting terms")
    inputs = prepare_inputs(dataset, config, settings.random_seed)
    with _tracked_run(tracking, dataset, source) as run_id:
        candidates: list[Candidate] = []
        for number, name in enumerate(config.models, start=1):
            progress.step(f"Fitting {name} ({number} of {len(config.models)})")
            candidates.append(fit_candidate(name, inputs, settings.tuning_budget, settings.gate.metric, progress))
            _track(tracking, candidates[-1], dataset, run_id)
        return _fit_winner(candidates, inputs.cleaned, dataset, config, settings, tracking, progress, run_id)


def compare(
    candidates: Sequence[Candidate],
    dataset: Dataset,
    config: ModelConfig,
    settings: TrainingPipeline,
    tracking: "Tracking",
    progress: Progress,
) -> TrainingResult:
    """The same for candidates that were fitted already, wherever it was. Raises `ConfigError`, `TrainingError`."""
    with _tracked_run(tracking, dataset, dataset.manifest.source) as run_id:
        for candidate in candidates:
            _track(tracking, candidate, dataset, run_id)
        training = clean_examples(read_examples(dataset, "train"), config)
        return _fit_winner(candidates, training, dataset, config, settings, tracking, progress, run_id)


@contextmanager
def _tracked_run(tracking: "Tracking", dataset: Dataset, source: str) -> Iterator[str]:
    run_id = None
    try:
        with defer_stop():
            run_id = tracking.start(
                f"train {dataset.version}", {"dataset_version": dataset.version, "newsdesk_version": __version__}
            )
        tracking.add_dataset(
            run_id, source, dataset.version, {str(split): count for split, count in dataset.manifest.counts.items()}
        )
        yield run_id
    except BaseException:
        if run_id is not None:
            with defer_stop():
                tracking.finish(run_id, failed=True)
        raise
    tracking.finish(run_id)


def _fit_winner(
    candidates: Sequence[Candidate],
    training: Examples,
    dataset: Dataset,
    config: ModelConfig,
    settings: TrainingPipeline,
    tracking: "Tracking",
    progress: Progress,
    run_id: str,
) -> TrainingResult:
    """`training` is the train split, cleaned."""
    best, seed = best_candidate(candidates, settings.gate.metric), settings.random_seed
    if best is None or best.bundle is None:
        raise TrainingError(
            "None of the classifiers in configs/model_config.yaml can be served: add one of the four that ship with it."
        )
    validation, testing = (read_examples(dataset, split) for split in ("validation", "test"))
    config = with_hyperparameters(config, best.name, best.hyperparameters)
    progress.step(f"Calibrating {best.name}")
    calibration = cross_fitted_calibration(best.bundle, dataset, config, seed)
    progress.step(f"Fitting {best.name} on train and validation")
    features = fit_features(training + clean_examples(validation, config), config)
    winner = fit_classifier(best.name, config, features, seed, epoch_callback(progress))
    uncalibrated = build_bundle(winner, build_vocabulary(features, config), config, dataset, datetime.now(UTC))
    assert uncalibrated is not None  # the same kind of classifier could be bundled a moment ago
    require_equal(uncalibrated, winner, testing)
    bundle, test = _measure(with_calibration(uncalibrated, calibration), testing, read_languages(dataset, "test"))
    with winner_record(winner, test, bundle, config) as record, defer_stop():
        tracking.record(run_id, record)
    return TrainingResult(
        list(candidates), Winner(winner.name, winner.pipeline, len(training) + len(validation)), bundle, test, run_id
    )


def _track(tracking: "Tracking", candidate: Candidate, dataset: Dataset, parent: str) -> None:
    with candidate_record(candidate, dataset) as record, defer_stop():
        tracking.log(record, parent)


def _measure(bundle: Bundle, testing: Examples, languages: Sequence[str | None]) -> tuple[Bundle, Evaluation]:
    """The bundle with its figures on the test set and the profile of it, and all of these figures."""
    predictor = Predictor(bundle)
    probabilities = predictor.predict_proba(testing.texts)
    truth = np.array([predictor.classes.index(category) for category in testing.categories])
    best = probabilities.argmax(axis=1)
    test = evaluate(testing.categories, [predictor.classes[i] for i in best])
    per_class = {f"f1/{category}": scores.f1 for category, scores in test.per_class.items()}
    metrics = test.metrics() | {"ece": expected_calibration_error(probabilities.max(axis=1), best == truth)} | per_class
    return add_profile(with_metrics(bundle, metrics), testing.texts, languages), test
