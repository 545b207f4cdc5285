"""Fit one candidate on a dataset, and measure it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from newsdesk.articles.dataset import Dataset, Examples, read_examples
from newsdesk.config.gate_config import GateMetric
from newsdesk.config.model_config import ModelConfig
from newsdesk.model.bundle import Vocabulary
from newsdesk.pipeline.progress import Progress, Silent
from newsdesk.training.bundling import build_bundle, vocabulary_of
from newsdesk.training.candidates import make_classifier
from newsdesk.training.comparison import Candidate, measure, merit
from newsdesk.training.fit import Features, cleaned, fit_classifier, fit_features
from newsdesk.training.network import Epoch, Watch
from newsdesk.training.tuning import settings_to_try

_NOBODY = Silent()


@dataclass(frozen=True)
class Material:
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


def gather(dataset: Dataset, config: ModelConfig, seed: int) -> Material:
    """Clean the train split, count its terms. Raises `TrainingError`."""
    training, validation, testing = (read_examples(dataset, split) for split in ("train", "validation", "test"))
    learnt = cleaned(training, config)
    features = fit_features(learnt, config)
    return Material(dataset, config, seed, learnt, features, vocabulary_of(features, config), validation, testing)


def fit_candidate(
    name: str,
    material: Material,
    tuning_budget: int,
    metric: GateMetric = "accuracy",
    progress: Progress = _NOBODY,
) -> Candidate:
    """The candidate with its configured hyperparameters, or with the best of so many others, by the gate's metric on
    the validation split.

    Raises `ConfigError` where scikit-learn refuses its parameters.
    """
    settings = settings_to_try(name, material.config, tuning_budget, material.seed)
    on_epoch = told_to(progress)
    fitted = (_fitted(name, with_hyperparameters(material.config, name, one), material, on_epoch) for one in settings)
    return max(fitted, key=lambda candidate: merit(candidate, metric))


def with_hyperparameters(config: ModelConfig, name: str, hyperparameters: dict[str, object]) -> ModelConfig:
    """The configuration with other hyperparameters for one candidate."""
    return config.model_copy(update={"models": config.models | {name: hyperparameters}})


def told_to(progress: Progress) -> Watch:
    """Tell whoever watches of each epoch of a fit."""

    def tell(epoch: Epoch) -> None:
        accuracy = epoch.validation_accuracy
        figure = f"loss {epoch.loss:.4f}" if accuracy is None else f"accuracy {accuracy:.4f} on what is held out"
        progress.note(f"epoch {epoch.number} of at most {epoch.at_most}, {figure}")

    return tell


def _fitted(name: str, config: ModelConfig, material: Material, on_epoch: Watch) -> Candidate:
    fitted = fit_classifier(name, config, material.features, material.seed, on_epoch)
    bundle = build_bundle(fitted, material.vocabulary, config, material.dataset, datetime.now(UTC))
    cleaning = config.preprocessing.text_cleaning
    return measure(fitted, bundle, cleaning, material.validation, material.testing)
