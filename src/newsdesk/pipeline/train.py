"""From a dataset to a model worth judging: fit every candidate, compare, fit the winner again on all it may see."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from newsdesk import __version__
from newsdesk.articles.dataset import Dataset, Examples, read_examples
from newsdesk.config.model_config import ModelConfig
from newsdesk.errors import TrainingError
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.model.profiling import with_profile
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.tracking import RunRecord, Tracking
from newsdesk.training.bundling import build_bundle, calibrated, prove_equal, vocabulary_of, with_metrics
from newsdesk.training.calibration import expected_calibration_error, fit_temperature
from newsdesk.training.candidates import make_classifier
from newsdesk.training.comparison import Candidate, best_servable, measure
from newsdesk.training.evaluation import Evaluation, evaluate
from newsdesk.training.fit import Fitted, fit_classifier, fit_features
from newsdesk.training.plots import save_confusion_matrix


@dataclass(frozen=True)
class Trained:
    """What training came to: all candidates, and the winner, fitted again on train and validation together.

    `test` is how well the winner's `bundle`, the very thing that would serve, does on the test set.
    """

    candidates: list[Candidate]
    winner: Fitted
    bundle: Bundle
    test: Evaluation
    run_id: str


def check_candidates(config: ModelConfig, seed: int) -> None:
    """Raises `ConfigError` for a mistake in any candidate, before the first is fitted."""
    for name, hyperparameters in config.models.items():
        make_classifier(name, hyperparameters, seed)


def train(dataset: Dataset, config: ModelConfig, seed: int, tracking: Tracking, progress: Progress) -> Trained:
    """Fit, compare and track every candidate in `config`. Raises `ConfigError`, `TrainingError`."""
    progress.step("Cleaning and counting terms")
    training, validation, testing = (read_examples(dataset, split) for split in ("train", "validation", "test"))
    features = fit_features(training, config)
    vocabulary = vocabulary_of(features, config)
    cleaning = config.preprocessing.text_cleaning

    run_id = tracking.start(
        f"train {dataset.version}", {"dataset_version": dataset.version, "newsdesk_version": __version__}
    )
    try:
        candidates: list[Candidate] = []
        for number, name in enumerate(config.models, start=1):
            progress.step(f"Fitting {name} ({number} of {len(config.models)})")
            fitted = fit_classifier(name, config, features, seed)
            bundle = build_bundle(fitted, vocabulary, config, dataset, datetime.now(UTC))
            candidates.append(measure(fitted, bundle, cleaning, validation, testing))
            _track_candidate(tracking, candidates[-1], dataset, run_id)

        best = best_servable(candidates)
        if best is None or best.bundle is None:
            raise TrainingError(
                "None of the classifiers in configs/model_config.yaml can be served: add one of the four that "
                "ship with it."
            )
        temperature = _temperature(best.bundle, validation)
        progress.step(f"Fitting {best.name} on train and validation")
        features = fit_features(training + validation, config)
        winner = fit_classifier(best.name, config, features, seed)
        uncalibrated = build_bundle(winner, vocabulary_of(features, config), config, dataset, datetime.now(UTC))
        assert uncalibrated is not None  # the same kind of classifier could be bundled a moment ago
        prove_equal(uncalibrated, winner, testing)
        bundle, test = _measured(calibrated(uncalibrated, temperature), testing)
        _track_winner(tracking, winner, test, bundle, config, run_id)
    except BaseException:
        tracking.finish(run_id, failed=True)
        raise
    tracking.finish(run_id)
    return Trained(candidates, winner, bundle, test, run_id)


def _temperature(bundle: Bundle, validation: Examples) -> float:
    """The temperature at which the bundle's confidence fits articles that it was not fitted on."""
    probabilities = Predictor(bundle).predict_proba(validation.texts)
    return fit_temperature(probabilities, np.array([bundle.manifest.classes.index(c) for c in validation.categories]))


def _measured(bundle: Bundle, testing: Examples) -> tuple[Bundle, Evaluation]:
    """The bundle with its figures on the test set and the profile of it, and all of these figures."""
    predictor = Predictor(bundle)
    probabilities = predictor.predict_proba(testing.texts)
    truth = np.array([predictor.classes.index(category) for category in testing.categories])
    test = evaluate(testing.categories, [predictor.classes[i] for i in probabilities.argmax(axis=1)])
    per_class = {f"f1/{category}": scores.f1 for category, scores in test.per_class.items()}
    metrics = test.metrics() | {"ece": expected_calibration_error(probabilities, truth)} | per_class
    return with_profile(with_metrics(bundle, metrics), testing.texts), test


def _track_candidate(tracking: Tracking, candidate: Candidate, dataset: Dataset, parent: str) -> None:
    fitted = candidate.fitted
    size = {} if candidate.size_bytes is None else {"size_bytes": float(candidate.size_bytes)}
    with TemporaryDirectory() as scratch:
        tracking.log(
            RunRecord(
                name=candidate.name,
                parameters={"model_type": fitted.model_type} | fitted.classifier.get_params(deep=False),
                metrics=_metrics("validation", candidate.validation)
                | _metrics("test", candidate.test)
                | {"fit_seconds": fitted.fit_seconds, "predict_ms": candidate.predict_ms}
                | size,
                tags={
                    "dataset_version": dataset.version,
                    "converged": str(fitted.converged),
                    "servable": str(candidate.bundle is not None),
                },
                files=_pictures(candidate.validation, "validation", Path(scratch)),
            ),
            parent,
        )


def _track_winner(
    tracking: Tracking, winner: Fitted, test: Evaluation, bundle: Bundle, config: ModelConfig, run_id: str
) -> None:
    settings = {
        "model_name": winner.name,
        "model_type": winner.model_type,
        "temperature": bundle.manifest.temperature,
        **{f"tfidf.{key}": value for key, value in config.feature_extraction.tfidf.model_dump().items()},
        **{f"text_cleaning.{key}": value for key, value in config.preprocessing.text_cleaning.model_dump().items()},
    }
    with TemporaryDirectory() as scratch:
        tracking.record(
            run_id,
            RunRecord(
                name=winner.name,
                parameters=settings,
                metrics=_metrics("test", test)
                | {"test_ece": bundle.manifest.metrics["ece"], "fit_seconds": winner.fit_seconds},
                tags={"bundle_digest": bundle.digest},
                files=_pictures(test, "test", Path(scratch)),
            ),
        )


def _metrics(split: str, evaluation: Evaluation) -> dict[str, float]:
    figures = {f"{split}_{name}": value for name, value in evaluation.metrics().items()}
    for category, scores in evaluation.per_class.items():
        for name in ("precision", "recall", "f1"):
            figures[f"{split}_{name}/{category}"] = getattr(scores, name)
    return figures


def _pictures(evaluation: Evaluation, split: str, folder: Path) -> tuple[Path, ...]:
    picture, table = folder / f"confusion_matrix_{split}.png", folder / f"per_class_{split}.json"
    save_confusion_matrix(evaluation, f"Confusion matrix, {split} set, accuracy {evaluation.accuracy:.3f}", picture)
    table.write_text(
        json.dumps({name: asdict(scores) for name, scores in evaluation.per_class.items()}, indent=2), encoding="utf-8"
    )
    return picture, table
