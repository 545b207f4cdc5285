"""Measure a fitted candidate: how good, how fast, how large."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from newsdesk.articles.dataset import Examples
from newsdesk.config.model_config import TextCleaning
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner
from newsdesk.training.evaluation import Evaluation, evaluate
from newsdesk.training.fit import Fitted, predict

_TIMED_TEXTS = 200


@dataclass(frozen=True)
class Candidate:
    """A candidate and its figures. `size_bytes` is that of its weights; None where no bundle can hold it."""

    fitted: Fitted
    validation: Evaluation
    test: Evaluation
    size_bytes: int | None
    predict_ms: float

    @property
    def name(self) -> str:
        return self.fitted.name

    @property
    def is_servable(self) -> bool:
        return self.size_bytes is not None


def measure(
    fitted: Fitted, bundle: Bundle | None, cleaning: TextCleaning, validation: Examples, test: Examples
) -> Candidate:
    """Measure by the bundle's own predictor, which is what would serve; by scikit-learn where there is no bundle."""
    if bundle is not None:
        predictor = Predictor(bundle)
        size = sum(tensor.nbytes for tensor in bundle.tensors.values())
        return Candidate(
            fitted,
            evaluate(validation.categories, most_probable(predictor, validation.texts)),
            evaluate(test.categories, most_probable(predictor, test.texts)),
            size,
            _median_ms(lambda text: predictor.predict_proba([text]), validation.texts),
        )
    clean = Cleaner(cleaning).clean
    return Candidate(
        fitted,
        evaluate(validation.categories, predict(fitted, [clean(text) for text in validation.texts])),
        evaluate(test.categories, predict(fitted, [clean(text) for text in test.texts])),
        None,
        _median_ms(lambda text: predict(fitted, [clean(text)]), validation.texts),
    )


def most_probable(predictor: Predictor, texts: Sequence[str]) -> list[str]:
    """The most probable category of each text."""
    return [predictor.classes[i] for i in predictor.predict_proba(texts).argmax(axis=1)]


def best_servable(candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate with the highest validation accuracy, then macro F1; None where none can serve."""
    servable = [candidate for candidate in candidates if candidate.is_servable]
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
