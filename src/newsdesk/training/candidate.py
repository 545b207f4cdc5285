"""Measure a fitted candidate: its accuracy, speed and size."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from newsdesk.articles.dataset import Examples
from newsdesk.config.gate_config import GateMetric
from newsdesk.config.model_config import Hyperparameters, TextCleaning
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner
from newsdesk.training.evaluation import Evaluation, evaluate
from newsdesk.training.fit import FittedClassifier

_TIMED_TEXTS = 200


@dataclass(frozen=True)
class Candidate:
    """A candidate that was fitted, and its figures. `hyperparameters` as configured or tuned, `parameters` with
    scikit-learn's own defaults. `bundle` is None where no bundle can hold its kind of classifier."""

    name: str
    model_type: str
    hyperparameters: Hyperparameters
    parameters: dict[str, Any]
    fit_seconds: float
    converged: bool
    bundle: Bundle | None
    validation: Evaluation
    test: Evaluation
    predict_ms: float

    @property
    def size_bytes(self) -> int | None:
        """Size of what it learnt."""
        return None if self.bundle is None else sum(tensor.nbytes for tensor in self.bundle.tensors.values())


def measure(
    fitted: FittedClassifier, bundle: Bundle | None, cleaning: TextCleaning, validation: Examples, test: Examples
) -> Candidate:
    """Measure by the bundle's own predictor, which is what would serve; by scikit-learn where there is no bundle."""
    predict = (
        predict_by_scikit_learn(fitted, cleaning) if bundle is None else partial(predict_categories, Predictor(bundle))
    )
    return Candidate(
        name=fitted.name,
        model_type=fitted.model_type,
        hyperparameters=fitted.hyperparameters,
        parameters=fitted.classifier.get_params(deep=False),
        fit_seconds=fitted.fit_seconds,
        converged=fitted.converged,
        bundle=bundle,
        validation=evaluate(validation.categories, predict(validation.texts)),
        test=evaluate(test.categories, predict(test.texts)),
        predict_ms=_median_ms(lambda text: predict([text]), validation.texts),
    )


def predict_categories(predictor: Predictor, texts: Sequence[str]) -> list[str]:
    """The most probable category of each text."""
    return [predictor.classes[i] for i in predictor.predict_proba(texts).argmax(axis=1)]


def predict_by_scikit_learn(fitted: FittedClassifier, cleaning: TextCleaning) -> Callable[[Sequence[str]], list[str]]:
    """The same for a classifier that has no bundle."""
    clean = Cleaner(cleaning).clean

    def predict(texts: Sequence[str]) -> list[str]:
        probabilities = fitted.pipeline.predict_proba([clean(text) for text in texts])
        return [str(category) for category in fitted.classifier.classes_[probabilities.argmax(axis=1)]]

    return predict


def best_candidate(candidates: Sequence[Candidate], metric: GateMetric = "accuracy") -> Candidate | None:
    """The candidate of the highest merit by the gate's metric; None where none can serve."""
    servable = (candidate for candidate in candidates if candidate.bundle is not None)
    return max(servable, key=lambda candidate: ranking_key(candidate, metric), default=None)


def ranking_key(candidate: Candidate, metric: GateMetric) -> tuple[float, float, float]:
    """The key that ranks candidates, on the validation set: the gate's metric, then accuracy, then macro F1."""
    evaluation = candidate.validation
    return evaluation.figure(metric), evaluation.accuracy, evaluation.f1_macro


def _median_ms(predict_one: Callable[[str], object], texts: Sequence[str]) -> float:
    timings = []
    for text in texts[:_TIMED_TEXTS]:
        started = time.perf_counter()
        predict_one(text)
        timings.append(time.perf_counter() - started)
    return median(timings) * 1000
