from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from newsdesk.articles.dataset import Dataset, DatasetManifest, Examples
from newsdesk.config.model_config import ModelConfig, TextCleaning
from newsdesk.errors import TrainingError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle, save_bundle, seal
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import Predictor
from newsdesk.training.bundle_builder import (
    TOLERANCE,
    build_bundle,
    build_vocabulary,
    require_equal,
    with_calibration,
    with_metrics,
)
from newsdesk.training.fit import Features, FittedClassifier, clean_examples, fit_classifier, fit_features
from tests.builders import sample_calibration, sample_texts

NOW = datetime(2026, 3, 4, tzinfo=UTC)
MODELS: dict[str, dict[str, Any]] = {
    "neural_network": {"hidden_layer_sizes": [6], "max_iter": 20},
    "logistic_regression": {},
    "naive_bayes": {},
    "random_forest": {"n_estimators": 5},
    "neighbours": {"class": "sklearn.neighbors.KNeighborsClassifier"},
    "unsmoothed": {"class": "sklearn.naive_bayes.MultinomialNB", "alpha": 0.0},
}
SERVABLE = [name for name in MODELS if name not in ("neighbours", "unsmoothed")]
CONFIG = ModelConfig(models=MODELS)
DATASET = Dataset(
    Path("nowhere"),
    DatasetManifest(
        version="0123456789abcdef",
        source="sample",
        created_at=NOW,
        counts={"train": 40, "validation": 0, "test": 10},
        categories={},
        quarantined={},
        validation_split=0.2,
        test_split=0.2,
        random_seed=42,
        text_cleaning=TextCleaning(),
        files={},
    ),
)


@cache
def examples() -> Examples:
    return Examples(*sample_texts(8))


@cache
def features() -> Features:
    return fit_features(clean_examples(examples(), CONFIG), CONFIG)


@cache
def fitted(name: str) -> FittedClassifier:
    return fit_classifier(name, CONFIG, features(), seed=1)


@cache
def bundle_of(name: str) -> Bundle | None:
    vocabulary = build_vocabulary(features(), CONFIG)
    return build_bundle(fitted(name), vocabulary, CONFIG, DATASET, NOW)


def servable(name: str) -> Bundle:
    bundle = bundle_of(name)
    assert bundle is not None
    return bundle


def calibrated(bundle: Bundle) -> Bundle:
    return with_calibration(bundle, sample_calibration())


def with_tensor(bundle: Bundle, name: str, change: Any) -> Bundle:
    return add_golden_examples(
        seal(bundle.manifest, bundle.vocabulary, bundle.tensors | {name: change(bundle.tensors[name])})
    )


@pytest.mark.parametrize("name", SERVABLE)
def test_every_classifier_that_ships_is_bundled_and_proven_equal(name: str) -> None:
    require_equal(servable(name), fitted(name), examples())


def test_a_classifier_that_no_bundle_can_hold_has_none() -> None:
    assert bundle_of("neighbours") is None


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_classifier_with_an_infinite_weight_has_none() -> None:
    assert np.isinf(fitted("unsmoothed").classifier.feature_log_prob_).any()
    assert bundle_of("unsmoothed") is None


@pytest.mark.parametrize("name", SERVABLE)
def test_every_bundle_that_is_sealed_carries_golden_examples_that_it_gives(name: str) -> None:
    bundle = servable(name)
    for sealed in (bundle, calibrated(bundle), with_metrics(calibrated(bundle), {"accuracy": 0.8})):
        predictor = Predictor(sealed)
        golden = sealed.manifest.golden
        assert len(golden) == len(sealed.manifest.classes) + 1
        expected = np.array([example.probabilities for example in golden])
        assert predictor.predict_proba([example.text for example in golden]) == pytest.approx(expected, abs=1e-8)


def test_a_bundle_says_where_it_comes_from() -> None:
    manifest = servable("naive_bayes").manifest
    assert (manifest.model_name, manifest.model_type) == ("naive_bayes", "MultinomialNB")
    assert manifest.dataset_version == "0123456789abcdef"
    assert manifest.trained_at == NOW
    assert (manifest.format_version, manifest.calibration, manifest.metrics) == (5, None, {})
    assert manifest.classes == ["business", "entertainment", "politics", "sports", "technology"]
    assert manifest.feature_count == features().matrix.shape[1]
    assert manifest.text_cleaning == CONFIG.preprocessing.text_cleaning
    assert manifest.tfidf == CONFIG.feature_extraction.tfidf


def test_calibration_and_figures_are_sealed_into_a_bundle_without_touching_its_weights(tmp_path: Path) -> None:
    bundle = servable("naive_bayes")
    finished = with_metrics(calibrated(bundle), {"accuracy": 0.8})
    save_bundle(finished, tmp_path / "bundle")
    loaded = load_bundle(tmp_path / "bundle").manifest
    assert (loaded.calibration, loaded.metrics) == (sample_calibration(), {"accuracy": 0.8})
    assert loaded.files == bundle.manifest.files
    assert len({bundle.digest, calibrated(bundle).digest, finished.digest}) == 3


@pytest.mark.parametrize(
    ("name", "tensor", "change"),
    [
        ("logistic_regression", "weights", lambda weights: weights * (1 + 1e-6)),
        ("logistic_regression", "weights", lambda weights: weights[:, ::-1].copy()),
        ("logistic_regression", "weights", lambda weights: weights.astype(np.float32)),
        ("naive_bayes", "idf", lambda idf: idf[::-1].copy()),
        ("neural_network", "intercepts_0", lambda intercepts: intercepts + 1e-3),
        ("random_forest", "distribution", lambda distribution: np.roll(distribution, 1, axis=1)),
    ],
)
def test_a_bundle_that_differs_from_scikit_learn_is_refused_by_name(name: str, tensor: str, change: Any) -> None:
    differing = with_tensor(servable(name), tensor, change)
    with pytest.raises(
        TrainingError, match=rf"The bundle of {name} differs from scikit-learn's {fitted(name).model_type}"
    ):
        require_equal(differing, fitted(name), examples())


def test_a_difference_in_one_text_of_many_is_enough() -> None:
    bundle, seen = servable("naive_bayes"), " ".join(examples().texts).lower()
    rare = next(form for form, word in bundle.vocabulary.forms.items() if word not in (None, form) and form not in seen)
    forms = {form: word for form, word in bundle.vocabulary.forms.items() if form != rare}
    differing = seal(bundle.manifest, bundle.vocabulary.model_copy(update={"forms": forms}), bundle.tensors)
    require_equal(differing, fitted("naive_bayes"), examples())
    with pytest.raises(TrainingError, match="differs"):
        require_equal(differing, fitted("naive_bayes"), Examples([*examples().texts, rare], []))


def test_the_proof_allows_rounding_and_no_more() -> None:
    assert 0 < TOLERANCE <= 1e-9
