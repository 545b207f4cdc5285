"""Fit one candidate on a dataset, and measure it."""

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

_NOBODY = NoProgress()


@dataclass(frozen=True)
class TrainingInputs:
    """What all candidates share: the configuration, and the train split, cleaned, with its features."""

    dataset: Dataset
    config: ModelConfig
    seed: int
    cleaned: Examples
    features: Features
    vocabulary: Vocabulary
    validation: Examples
    testing: Examples


def check_candidates(config: ModelConfig, seed: int) -> None:
    """Raises `ConfigError` for a mistake in any candidate, or in a value to try, before the first is fitted."""
    for name, hyperparameters in config.models.items():
        make_classifier(name, hyperparameters, seed)
        for key, values in config.tuning.get(name, {}).items():
            for value in values:
                make_classifier(name, hyperparameters | {key: value}, seed)


def prepare_inputs(dataset: Dataset, config: ModelConfig, seed: int) -> TrainingInputs:
    """Clean the train split, count its terms. Raises `TrainingError`."""
    training, validation, testing = (read_examples(dataset, split) for split in ("train", "validation", "test"))
    learnt = clean_examples(training, config)
    features = fit_features(learnt, config)
    return TrainingInputs(
        dataset, config, seed, learnt, features, build_vocabulary(features, config), validation, testing
    )


def fit_candidate(
    name: str,
    material: TrainingInputs,
    tuning_budget: int,
    metric: GateMetric = "accuracy",
    progress: Progress = _NOBODY,
) -> Candidate:
    """The candidate with its configured hyperparameters, or with the best of so many others, by the gate's metric on
    the validation split.

    Raises `ConfigError` where scikit-learn refuses its parameters.
    """
    settings = sample_hyperparameters(name, material.config, tuning_budget, material.seed)
    on_epoch = epoch_callback(progress)
    fitted = (_fitted(name, with_hyperparameters(material.config, name, one), material, on_epoch) for one in settings)
    return max(fitted, key=lambda candidate: ranking_key(candidate, metric))


def with_hyperparameters(config: ModelConfig, name: str, hyperparameters: dict[str, object]) -> ModelConfig:
    """The configuration with other hyperparameters for one candidate."""
    return config.model_copy(update={"models": config.models | {name: hyperparameters}})


def epoch_callback(progress: Progress) -> EpochCallback:
    """Tell whoever watches of each epoch of a fit."""

    def tell(epoch: Epoch) -> None:
        accuracy = epoch.validation_accuracy
        figure = f"loss {epoch.loss:.4f}" if accuracy is None else f"accuracy {accuracy:.4f} on what is held out"
        progress.note(f"epoch {epoch.number} of at most {epoch.at_most}, {figure}")

    return tell


def _fitted(name: str, config: ModelConfig, material: TrainingInputs, on_epoch: EpochCallback) -> Candidate:
    fitted = fit_classifier(name, config, material.features, material.seed, on_epoch)
    bundle = build_bundle(fitted, material.vocabulary, config, material.dataset, datetime.now(UTC))
    cleaning = config.preprocessing.text_cleaning
    return measure(fitted, bundle, cleaning, material.validation, material.testing)
