"""Answer from a bundle: text in, category and probabilities out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle
from newsdesk.model.classifiers import classifier_of
from newsdesk.model.features import TfidfFeatures


@dataclass(frozen=True)
class Prediction:
    """The most probable category, its probability, and the probability of every category, highest first."""

    category: str
    confidence: float
    probabilities: dict[str, float]


def at_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities made sharper (temperature below 1) or flatter (above 1), in each row; their order stays.

    The softmax of log-probabilities divided by the temperature, which for a softmax classifier is that of its scores.
    """
    if temperature == 1:
        return probabilities
    powers = (probabilities / probabilities.max(axis=1, keepdims=True)) ** (1 / temperature)
    changed: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return changed


class Predictor:
    """A bundle made ready to answer. Holds no state that a prediction changes, so threads may share it."""

    def __init__(self, bundle: Bundle) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.classes = manifest.classes
        try:
            idf = bundle.tensors["idf"].astype(np.float64)
            self._features = TfidfFeatures(bundle.vocabulary, idf, manifest.text_cleaning, manifest.tfidf)
            self._classifier = classifier_of(bundle)
            answer = self.predict_proba([" ".join(bundle.vocabulary.terms)])  # touches every feature
        except KeyError as error:
            raise BundleError(f"The bundle {bundle.digest} lacks {error}. Fetch it again, or train anew.") from error
        except (IndexError, ValueError) as error:
            raise BundleError(f"The bundle {bundle.digest} does not fit together: {error}. Train anew.") from error
        if answer.shape != (1, len(self.classes)):
            raise BundleError(f"The bundle {bundle.digest} does not answer for each of its classes. Train anew.")

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities of shape (texts, classes), for texts as they were written, title and text joined."""
        probabilities = self._classifier.probabilities([self._features.row(text) for text in texts])
        return at_temperature(probabilities, self.bundle.manifest.temperature)

    def predict(self, text: str) -> Prediction:
        """What the bundle says about one text."""
        probabilities = self.predict_proba([text])[0]
        order = np.argsort(-probabilities, kind="stable")
        ranked = {self.classes[i]: float(probabilities[i]) for i in order}
        best = self.classes[order[0]]
        return Prediction(best, ranked[best], ranked)
