"""Score texts with a model as the server does, without logging."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from newsdesk.articles.text_fault import TextFault, find_text_fault
from newsdesk.config.settings import Settings
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.registry.champion import find_champion, find_version


class Score(NamedTuple):
    """The best category and the one after it, with their probabilities. A model of one category has no runner-up."""

    category: str
    confidence: float
    runner_up: str | None
    runner_up_confidence: float | None


class Unscored(NamedTuple):
    """Why a row has no score: a reason code, as the quarantine has them."""

    reason: str


Answer = Score | Unscored

REASONS: dict[TextFault, str] = {
    "too short": "text_too_short",
    "blank": "missing_text",
    "too long": "text_too_long",
    "NUL": "text_invalid",
    "without words": "text_without_words",
    "broken character": "text_invalid",
}


@dataclass(frozen=True)
class Scorer:
    """A version and its bundle."""

    version: str
    bundle: Bundle

    @cached_property
    def predictor(self) -> Predictor:
        return Predictor(self.bundle)

    @property
    def digest(self) -> str:
        return self.bundle.digest

    def prediction(self, text: str) -> Prediction | Unscored:
        """What `/predict` answers.

        Texts are answered one by one: many at once are answered faster, but then the last digits may differ.
        """
        fault = find_text_fault(text, self.bundle.manifest.text_cleaning.min_text_length)
        if fault is not None:
            return Unscored("missing_text" if not text.strip() else REASONS[fault])
        return self.predictor.predict(text)

    def score(self, text: str) -> Answer:
        """The same, without all that is not the best or the second."""
        prediction = self.prediction(text)
        return prediction if isinstance(prediction, Unscored) else best_two(prediction)


def best_two(prediction: Prediction) -> Score:
    """The best category, and the runner-up."""
    _, *others = list(prediction.probabilities.items())[:2]
    runner_up, probability = others[0] if others else (None, None)
    return Score(prediction.category, prediction.confidence, runner_up, probability)


def open_scorer(settings: Settings, version: str | None) -> Scorer:
    """The version of that number; without one, the champion. Raises `BundleError`, `RegistryError`."""
    if version is None:
        return Scorer(*find_champion(settings))
    registered, bundle = find_version(settings, version)
    return Scorer(registered.version, bundle)
