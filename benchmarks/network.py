"""The trainer of the neural network beside scikit-learn's, on the same features."""

import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.tables import markdown
from newsdesk.articles.dataset import Dataset, Examples, read_examples
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.pipeline.prepare import prepare
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.text.cleaning import Cleaner
from newsdesk.training.fit import Features, clean_examples, fit_classifier, fit_features

SETS = {"ag_news.csv": "AG News (part)", "huffpost_42.csv": "HuffPost, 42 categories"}
SEED = 42
_SHIPPED_BEFORE = {"hidden_layer_sizes": (100, 50), "max_iter": 200, "random_state": SEED}


def report(data: Path) -> str:
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for file, name in SETS.items():
            rows += _rows(name, data / file)
    return (
        "## Fitting the neural network (`python -m benchmarks network`)\n\n"
        "`neural_network` fitted on the train set (60 %), by Newsdesk's trainer with the shipped configuration, by "
        "scikit-learn with the same layers and its own way of stopping, which was shipped before, and by scikit-learn "
        "stopped at the epoch that is best on the test set, which nobody could know. One after another in one run; "
        "seconds of the clock, and of the processors.\n\n"
        + markdown(("data", "trainer", "epochs", "fit s", "processor s", "test accuracy", "ratio of fit s"), rows)
    )


def _rows(name: str, table: Path) -> list[tuple[str, ...]]:
    config = ModelConfig()
    with TemporaryDirectory() as folder:
        cleaning = config.preprocessing.text_cleaning
        dataset = prepare(ArticleSource(table), Path(folder), PipelineConfig(), cleaning, NoProgress()).dataset
        features = fit_features(clean_examples(read_examples(dataset, "train"), config), config)
        testing = _test_set(dataset, features, config)
    clock, processor = time.perf_counter(), time.process_time()
    ours = fit_classifier("neural_network", config, features, SEED).classifier
    own = time.perf_counter() - clock, time.process_time() - processor
    clock, processor = time.perf_counter(), time.process_time()
    theirs = MLPClassifier(**_SHIPPED_BEFORE).fit(features.matrix, features.categories)
    before = time.perf_counter() - clock, time.process_time() - processor
    epochs, accuracy = _best_epoch(features, testing)
    return [
        (name, "Newsdesk", str(ours.n_iter_), *_figures(own), f"{ours.score(*testing):.4f}", "1"),
        (
            name,
            "scikit-learn",
            str(theirs.n_iter_),
            *_figures(before),
            f"{theirs.score(*testing):.4f}",
            f"{before[0] / own[0]:.1f}",
        ),
        (name, "scikit-learn, best epoch", str(epochs), "", "", f"{accuracy:.4f}", ""),
    ]


def _figures(seconds: tuple[float, float]) -> tuple[str, ...]:
    return tuple(f"{one:.1f}" for one in seconds)


def _test_set(dataset: Dataset, features: Features, config: ModelConfig) -> tuple[Any, list[str]]:
    clean = Cleaner(config.preprocessing.text_cleaning).clean
    testing: Examples = read_examples(dataset, "test")
    return features.vectorizer.transform(clean(text) for text in testing.texts), testing.categories


def _best_epoch(features: Features, testing: tuple[Any, list[str]]) -> tuple[int, float]:
    """Of the first eight: later ones only learn the train set by heart."""
    classifier = MLPClassifier(**_SHIPPED_BEFORE)
    classes = np.unique(features.categories)
    scores = []
    for _ in range(8):
        classifier.partial_fit(features.matrix, features.categories, classes=classes)
        scores.append(float(classifier.score(*testing)))
    return int(np.argmax(scores)) + 1, max(scores)
