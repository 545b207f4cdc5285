"""Small makers of what tests need: rows, files, settings, fitted bundles."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.config.settings import Settings
from newsdesk.model.bundle import Bundle, BundleManifest
from newsdesk.model.bundle_files import seal
from newsdesk.model.calibration import Calibration
from newsdesk.model.estimator_compiler import compile_classifier, compile_vocabulary
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.sample import CATEGORIES, read_articles
from newsdesk.text.cleaning import Cleaner, join_title_and_text
from newsdesk.training.fit import new_vectorizer

# Four candidates that fit in a moment.
QUICK_MODELS = """
models:
  neural_network: {hidden_layer_sizes: [8], max_iter: 40}
  logistic_regression: {C: 10.0}
  naive_bayes: {alpha: 1.0}
  random_forest: {n_estimators: 10, max_depth: 5}
"""

# Where nothing is to be compared.
QUICKEST_MODEL = "models: {logistic_regression: {C: 10.0}}"


def sample_rows(per_category: int) -> list[dict[str, str]]:
    """The first articles of every category of the sample corpus, as rows of a table."""
    return [
        {"id": article.id, "title": article.title, "text": article.text, "category": category}
        for category in CATEGORIES
        for article in list(read_articles(category))[:per_category]
    ]


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as UTF-8 CSV with the header that the first row names."""
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def settings_in(folder: Path, **environment: str) -> Settings:
    """Settings whose state lies in `folder/var` and whose configuration lies in `folder/configs`."""
    home = {"NEWSDESK_HOME": str(folder / "var"), "NEWSDESK_CONFIG_DIR": str(folder / "configs")}
    return Settings.model_validate(home | environment)


def sample_texts(per_category: int = 30) -> tuple[list[str], list[str]]:
    """Texts and categories of the sample corpus."""
    rows = sample_rows(per_category)
    return [join_title_and_text(row["title"], row["text"]) for row in rows], [row["category"] for row in rows]


def fit_pipeline(
    classifier: Any, texts: list[str], categories: list[str], cleaning: TextCleaning, tfidf: TfidfConfig
) -> Pipeline:
    """The scikit-learn pipeline over cleaned texts that a bundle must equal."""
    clean = Cleaner(cleaning).clean
    pipeline = Pipeline([("tfidf", new_vectorizer(tfidf)), ("classifier", classifier)])
    return pipeline.fit([clean(text) for text in texts], categories)


def sample_calibration(classes: int = 5, **changes: Any) -> Calibration:
    """A calibration as the sample corpus gives it, of classes that are not equally frequent."""
    shares = [(i + 2) / sum(range(2, classes + 2)) for i in range(classes)]
    return Calibration(**{"prior": shares, "slope": 8.0, "slope_terms": 1.5, "prior_terms": 0.2} | changes)


def bundle_of(pipeline: Pipeline, cleaning: TextCleaning, tfidf: TfidfConfig) -> Bundle:
    """The bundle of a fitted pipeline."""
    vectorizer, classifier = pipeline[0], pipeline[1]
    compiled = compile_classifier(classifier)
    assert compiled is not None
    spec, tensors = compiled
    vocabulary = compile_vocabulary(vectorizer, cleaning)
    draft = BundleManifest(
        trained_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        model_name="test",
        model_type=type(classifier).__name__,
        classes=[str(name) for name in classifier.classes_],
        feature_count=len(vocabulary.terms),
        text_cleaning=cleaning,
        tfidf=tfidf,
        classifier=spec,
        metrics={"accuracy": 0.9},
        dataset_version="test",
        files={},
    )
    return add_golden_examples(seal(draft, vocabulary, tensors | {"idf": vectorizer.idf_}))


def fitted_bundle(classifier: Any, per_category: int = 30) -> Bundle:
    """A bundle of `classifier`, fitted on part of the sample corpus with the default settings."""
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    return bundle_of(fit_pipeline(classifier, *sample_texts(per_category), cleaning, tfidf), cleaning, tfidf)
