"""Measure a fitted candidate: how good, how fast, how large."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from newsdesk.articles.dataset import Examples
from newsdesk.config.model_config import TextCleaning
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner
from newsdesk.training.evaluation import Evaluation, evaluate
from newsdesk.training.fit import Fitted

_TIMED_TEXTS = 200


@dataclass(frozen=True)
class Candidate:
    """A fitted candidate and its figures. `bundle` is None where no bundle can hold its kind of classifier."""

    fitted: Fitted
    bundle: Bundle | None
    validation: Evaluation
    test: Evaluation
    predict_ms: float

    @property
    def name(self) -> str:
        return self.fitted.name

    @property
    def size_bytes(self) -> int | None:
        """Size of what it learnt."""
        return None if self.bundle is None else sum(tensor.nbytes for tensor in self.bundle.tensors.values())


def measure(
    fitted: Fitted, bundle: Bundle | None, cleaning: TextCleaning, validation: Examples, test: Examples
) -> Candidate:
    """Measure by the bundle's own predictor, which is what would serve; by scikit-learn where there is no bundle."""
    predict = predict_by_scikit_learn(fitted, cleaning) if bundle is None else partial(most_probable, Predictor(bundle))
    return Candidate(
        fitted,
        bundle,
        evaluate(validation.categories, predict(validation.texts)),
        evaluate(test.categories, predict(test.texts)),
        _median_ms(lambda text: predict([text]), validation.texts),
    )


def most_probable(predictor: Predictor, texts: Sequence[str]) -> list[str]:
    """The most probable category of each text."""
    return [predictor.classes[i] for i in predictor.predict_proba(texts).argmax(axis=1)]


def predict_by_scikit_learn(fitted: Fitted, cleaning: TextCleaning) -> Callable[[Sequence[str]], list[str]]:
    """The same for a classifier that has no bundle."""
    clean = Cleaner(cleaning).clean

    def predict(texts: Sequence[str]) -> list[str]:
        probabilities = fitted.pipeline.predict_proba([clean(text) for text in texts])
        return [str(category) for category in fitted.classifier.classes_[probabilities.argmax(axis=1)]]

    return predict


def best_servable(candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate with the highest validation accuracy, then macro F1; None where none can serve."""
    servable = [candidate for candidate in candidates if candidate.bundle is not None]
    return max(
        servable, key=lambda candidate: (candidate.validation.accuracy, candidate.validation.f1_macro), default=None
    )


def _median_ms(predict_one: Callable[[str], object], texts: Sequence[str]) -> float:
    timings = []
    for text in texts[:_TIMED_TEXTS]:
        started = time.perf_counter()
        predict_one(text)
        timings.append(time.perf_counter() - started)
    return median(timings) * 1000
