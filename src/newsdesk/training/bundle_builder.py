"""Build the bundle that serves from a fitted classifier, and check that both predict the same."""

from datetime import datetime

import numpy as np

from newsdesk.articles.dataset import Dataset, Examples
from newsdesk.config.model_config import ModelConfig
from newsdesk.errors import TrainingError
from newsdesk.model.bundle import Bundle, BundleManifest, Vocabulary
from newsdesk.model.bundle_files import seal
from newsdesk.model.calibration import Calibration
from newsdesk.model.estimator_compiler import compile_classifier, compile_vocabulary
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner
from newsdesk.training.fit import Features, FittedClassifier

TOLERANCE = 1e-9  # largest difference allowed between a probability of the bundle and of scikit-learn


def build_vocabulary(features: Features, config: ModelConfig) -> Vocabulary:
    """The bundle's vocabulary; candidates over the same features share it."""
    return compile_vocabulary(features.vectorizer, config.preprocessing.text_cleaning)


def build_bundle(
    fitted: FittedClassifier, vocabulary: Vocabulary, config: ModelConfig, dataset: Dataset, now: datetime
) -> Bundle | None:
    """The bundle of `fitted`, not calibrated yet; None where no bundle can hold its kind of classifier.

    A classifier that learnt an infinite weight, as naive Bayes does without smoothing, fits into none either.
    """
    compiled = compile_classifier(fitted.classifier)
    if compiled is None or not all(np.isfinite(tensor).all() for tensor in compiled[1].values()):
        return None
    classifier, tensors = compiled
    draft = BundleManifest(
        trained_at=now,
        model_name=fitted.name,
        model_type=fitted.model_type,
        classes=[str(category) for category in fitted.classifier.classes_],
        feature_count=len(vocabulary.terms),
        text_cleaning=config.preprocessing.text_cleaning,
        tfidf=config.feature_extraction.tfidf,
        classifier=classifier,
        metrics={},
        dataset_version=dataset.version,
        files={},
    )
    return add_golden_examples(seal(draft, vocabulary, tensors | {"idf": fitted.features.vectorizer.idf_}))


def with_calibration(bundle: Bundle, calibration: Calibration) -> Bundle:
    """The same bundle, calibrated."""
    manifest = bundle.manifest.model_copy(update={"calibration": calibration})
    return add_golden_examples(seal(manifest, bundle.vocabulary, bundle.tensors))


def with_metrics(bundle: Bundle, metrics: dict[str, float]) -> Bundle:
    """The same bundle with its metrics."""
    return seal(bundle.manifest.model_copy(update={"metrics": metrics}), bundle.vocabulary, bundle.tensors)


def require_equal(bundle: Bundle, fitted: FittedClassifier, examples: Examples) -> None:
    """Raises `TrainingError` where an uncalibrated bundle disagrees with the scikit-learn pipeline on an example."""
    clean = Cleaner(bundle.manifest.text_cleaning).clean
    expected = fitted.pipeline.predict_proba([clean(text) for text in examples.texts])
    largest = float(np.abs(Predictor(bundle).predict_proba(examples.texts) - expected).max())
    if not largest <= TOLERANCE:
        raise TrainingError(
            f"The bundle of {fitted.name} differs from scikit-learn's {fitted.model_type} by {largest:.2g}. "
            "Its parameters are not supported for serving: leave out those you added."
        )
