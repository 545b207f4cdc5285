"""The bundle's predictor beside the scikit-learn pipeline it was compiled from: how fast, and how equal."""

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

from benchmarks.tables import markdown
from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner, join_title_and_text
from tests.builders import bundle_of, fit_pipeline

CLASSIFIERS = (
    LogisticRegression(max_iter=1000),
    MultinomialNB(),
    MLPClassifier((100, 50), max_iter=15, random_state=0),
    RandomForestClassifier(100, max_depth=10, random_state=0),
)


def report(data: Path) -> str:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        articles = list(csv.DictReader(file))
    texts = [join_title_and_text(row["title"], row["text"]) for row in articles]
    headlines = [row["title"] for row in articles][:500]
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    clean = Cleaner(cleaning).clean
    rows = []
    for classifier in CLASSIFIERS:
        pipeline = fit_pipeline(classifier, texts, [row["category"] for row in articles], cleaning, tfidf)
        predictor = Predictor(bundle_of(pipeline, cleaning, tfidf))

        def by_pipeline(some: Sequence[str], pipeline: Callable[..., object] = pipeline.predict_proba) -> object:
            return pipeline([clean(text) for text in some])

        difference = np.abs(predictor.predict_proba(texts) - by_pipeline(texts)).max()
        for kind, some in (("headline", headlines), ("article", texts[:300])):
            ours = median(_timed(predictor.predict_proba, [text]) for text in some)
            theirs = median(_timed(by_pipeline, [text]) for text in some[:100])
            rows.append(
                (
                    type(classifier).__name__,
                    kind,
                    f"{ours * 1e3:.3f}",
                    f"{theirs * 1e3:.3f}",
                    f"{theirs / ours:.0f}x",
                    f"{difference:.0e}",
                )
            )
    return (
        "## One prediction (`python -m benchmarks predictor`)\n\n"
        "Median time from raw text to probabilities, by the bundle and by cleaning + scikit-learn's `predict_proba`; "
        "BBC headlines and whole articles, 10,000 features. The last column is the largest difference between any two "
        "probabilities over all 2,225 articles.\n\n"
        + markdown(("classifier", "text", "bundle ms", "scikit-learn ms", "ratio", "difference"), rows)
    )


def _timed(call: Callable[[list[str]], object], texts: list[str]) -> float:
    begun = time.perf_counter()
    call(texts)
    return time.perf_counter() - begun
