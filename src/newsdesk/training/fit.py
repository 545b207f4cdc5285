"""Fit classifiers over one shared TF-IDF matrix."""

import time
import warnings
from dataclasses import dataclass, field
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline

from newsdesk.articles.dataset import Examples
from newsdesk.config.model_config import Hyperparameters, ModelConfig, TfidfConfig
from newsdesk.errors import ConfigError, TrainingError
from newsdesk.model.features import SHORTEST_TOKEN
from newsdesk.text.cleaning import Cleaner
from newsdesk.training.classifier_factory import make_classifier
from newsdesk.training.sparse_mlp import EpochCallback, SparseMLPClassifier, ignore_epoch

TOKEN_PATTERN = f"[^ ]{{{SHORTEST_TOKEN},}}"


@dataclass(frozen=True)
class Features:
    """A fitted vectorizer and the TF-IDF matrix, of shape (texts, features), of the texts it was fitted on."""

    vectorizer: TfidfVectorizer
    matrix: Any
    categories: list[str]


@dataclass(frozen=True)
class FittedClassifier:
    """A fitted classifier on its features. `hyperparameters` as configured; `pipeline` takes cleaned texts."""

    name: str
    classifier: Any
    features: Features
    fit_seconds: float
    converged: bool
    hyperparameters: Hyperparameters = field(default_factory=dict)

    @property
    def model_type(self) -> str:
        return type(self.classifier).__name__

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline([("tfidf", self.features.vectorizer), ("classifier", self.classifier)])


def new_vectorizer(settings: TfidfConfig) -> TfidfVectorizer:
    """A vectorizer for cleaned texts, whose tokens are parted by single blanks."""
    return TfidfVectorizer(lowercase=False, token_pattern=TOKEN_PATTERN, **settings.model_dump())


def clean_examples(examples: Examples, config: ModelConfig) -> Examples:
    """The same examples with their texts cleaned."""
    clean = Cleaner(config.preprocessing.text_cleaning).clean
    return Examples([clean(text) for text in examples.texts], examples.categories)


def fit_features(examples: Examples, config: ModelConfig) -> Features:
    """Fit the vectorizer on cleaned texts. Raises `TrainingError` where no term is left."""
    vectorizer = new_vectorizer(config.feature_extraction.tfidf)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Your stop_words may be inconsistent")  # a phrase is no token
            matrix = vectorizer.fit_transform(examples.texts)
    except ValueError as error:
        raise TrainingError(
            f"No term is left to learn from ({error}). Give more articles, or lower feature_extraction.tfidf.min_df."
        ) from error
    return Features(vectorizer, matrix, examples.categories)


def fit_classifier(
    name: str, config: ModelConfig, features: Features, seed: int, on_epoch: EpochCallback = ignore_epoch
) -> FittedClassifier:
    """Fit the candidate called `name`. Raises `ConfigError` where scikit-learn refuses its parameters.

    `on_epoch` is told of every epoch by those kinds that have them.
    """
    classifier = make_classifier(name, config.models[name], seed)
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if isinstance(classifier, SparseMLPClassifier):
                classifier = classifier.fit(features.matrix, features.categories, on_epoch=on_epoch).as_mlp_classifier()
            else:
                classifier.fit(features.matrix, features.categories)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"models.{name}: {' '.join(str(error).split())[:400]} Correct the parameter, or leave it out."
            ) from error
    seconds = time.perf_counter() - started
    if any("interrupted by user" in str(warning.message) for warning in caught):
        raise KeyboardInterrupt  # which scikit-learn's networks take for the end of a fit
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return FittedClassifier(name, classifier, features, seconds, converged, config.models[name])
