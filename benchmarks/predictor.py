"""The bundle's predictor beside the scikit-learn pipeline it was compiled from: how fast, and how equal."""

import csv
import time
from collections.abc import Callable, Sequence
from functools import partial
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
    cleaned = [clean(text) for text in texts]
    rows, batches = [], []
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
        ours, bare, whole = _fastest(
            partial(predictor.predict_proba, texts),
            partial(pipeline.predict_proba, cleaned),
            partial(by_pipeline, texts),
        )
        batches.append(
            (
                type(classifier).__name__,
                *(f"{len(texts) / seconds:,.0f}" for seconds in (ours, bare, whole)),
                f"{bare / ours:.1f}x",
                f"{whole / ours:.1f}x",
            )
        )
    return (
        "## One prediction (`python -m benchmarks predictor`)\n\n"
        "Median time from raw text to probabilities, by the bundle and by cleaning + scikit-learn's `predict_proba`; "
        "BBC headlines and whole articles, 10,000 features. The last column is the largest difference between any two "
        "probabilities over all 2,225 articles.\n\n"
        + markdown(("classifier", "text", "bundle ms", "scikit-learn ms", "ratio", "difference"), rows)
        + "\n## A batch\n\n"
        "Articles per second, all 2,225 BBC articles at once, fastest of three runs that take turns. scikit-learn's "
        "`TfidfVectorizer.transform` and `predict_proba` alone take texts that are cleaned already; the bundle takes "
        "them as they were written, so that the right comparison is the last.\n\n"
        + markdown(
            ("classifier", "bundle", "scikit-learn alone", "cleaning + scikit-learn", "ratio alone", "ratio"), batches
        )
    )


def _fastest(*calls: Callable[[], object]) -> list[float]:
    """Seconds of the fastest of three runs of each call; they take turns, so that a busy machine is so for all."""
    rounds = [[_seconds(call) for call in calls] for _ in range(3)]
    return [min(seconds) for seconds in zip(*rounds, strict=True)]


def _timed(call: Callable[[list[str]], object], texts: list[str]) -> float:
    return _seconds(lambda: call(texts))


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
