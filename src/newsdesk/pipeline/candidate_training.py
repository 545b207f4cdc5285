"""Fit one candidate on a dataset and measure it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from newsdesk.articles.dataset import Dataset, Examples, read_examples
from newsdesk.config.gate_config import GateMetric
from newsdesk.config.model_config import ModelConfig
from newsdesk.model.bundle import Vocabulary
from newsdesk.pipeline.progress import NoProgress, Progress
from newsdesk.training.bundle_builder import build_bundle, build_vocabulary
from newsdesk.training.candidate import Candidate, measure, ranking_key
from newsdesk.training.classifier_factory import make_classifier
from newsdesk.training.fit import Features, clean_examples, fit_classifier, fit_features
from newsdesk.training.sparse_mlp import Epoch, EpochCallback
from newsdesk.training.tuning import sample_hyperparameters

_NO_PROGRESS = NoProgress()


@dataclass(frozen=True)
class TrainingInputs:
    """What all candidates share: the configuration, and the cleaned train split with its features."""

    dataset: Dataset
    config: ModelConfig
    seed: int
    cleaned: Examples
    features: Features
    vocabulary: Vocabulary
    validation: Examples
    testing: Examples


def check_candidates(config: ModelConfig, seed: int) -> None:
    """Raises `ConfigError` for a mistake in any candidate or tuning value, before the first candidate is fitted."""
    for name, hyperparameters in config.models.items():
        make_classifier(name, hyperparameters, seed)
        for key, values in config.tuning.get(name, {}).items():
            for value in values:
                make_classifier(name, hyperparameters | {key: value}, seed)


def prepare_inputs(dataset: Dataset, config: ModelConfig, seed: int) -> TrainingInputs:
    """Clean the train split and count its terms. Raises `TrainingError`."""
    training, validation, testing = (read_examples(dataset, split) for split in ("train", "validation", "test"))
    cleaned = clean_examples(training, config)
    features = fit_features(cleaned, config)
    return TrainingInputs(
        dataset, config, seed, cleaned, features, build_vocabulary(features, config), validation, testing
    )


def fit_candidate(
    name: str,
    inputs: TrainingInputs,
    tuning_budget: int,
    metric: GateMetric = "accuracy",
    progress: Progress = _NO_PROGRESS,
) -> Candidate:
    """The candidate with its configured hyperparameters or, if better by the gate's metric on the validation split,
    with one of up to `tuning_budget` sampled sets.

    Raises `ConfigError` where scikit-learn refuses its parameters.
    """
    variants = sample_hyperparameters(name, inputs.config, tuning_budget, inputs.seed)
    on_epoch = epoch_callback(progress)
    candidates = (
        _fit(name, with_hyperparameters(inputs.config, name, hyperparameters), inputs, on_epoch)
        for hyperparameters in variants
    )
    return max(candidates, key=lambda candidate: ranking_key(candidate, metric))


def with_hyperparameters(config: ModelConfig, name: str, hyperparameters: dict[str, object]) -> ModelConfig:
    """The configuration with other hyperparameters for one candidate."""
    return config.model_copy(update={"models": config.models | {name: hyperparameters}})


def epoch_callback(progress: Progress) -> EpochCallback:
    """A callback that reports each epoch of a fit."""

    def report_epoch(epoch: Epoch) -> None:
        accuracy = epoch.validation_accuracy
        figure = f"loss {epoch.loss:.4f}" if accuracy is None else f"accuracy {accuracy:.4f} on what is held out"
        progress.note(f"epoch {epoch.number} of at most {epoch.at_most}, {figure}")

    return report_epoch


def _fit(name: str, config: ModelConfig, inputs: TrainingInputs, on_epoch: EpochCallback) -> Candidate:
    fitted = fit_classifier(name, config, inputs.features, inputs.seed, on_epoch)
    bundle = build_bundle(fitted, inputs.vocabulary, config, inputs.dataset, datetime.now(UTC))
    cleaning = config.preprocessing.text_cleaning
    return measure(fitted, bundle, cleaning, inputs.validation, inputs.testing)
