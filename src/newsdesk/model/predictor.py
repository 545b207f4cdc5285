"""Answer from a bundle: text in, category and probabilities out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle, GoldenExample
from newsdesk.model.bundle_validation import check_parts
from newsdesk.model.calibration import Scores, at_temperature, calibrated
from newsdesk.model.classifiers import classifier_of
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.features import TfidfFeatures
from newsdesk.model.reference_profile import WATCHED_TERMS, TextStats
from newsdesk.model.short_text_scorer import short_text_scorer

GOLDEN_TOLERANCE = 1e-6  # for a probability; processors round differently
_MOST_TEXTS, _MOST_CHARACTERS = 256, 2**17  # in one step of a batch
_NO_TERMS = CsrMatrix(np.zeros(2, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0))


@dataclass(frozen=True)
class Prediction:
    """The most probable category, its probability, and the probability of every category, highest first."""

    category: str
    confidence: float
    probabilities: dict[str, float]


class Predictor:
    """A bundle made ready to answer. Holds no state that a prediction changes, so threads may share it.

    Raises `BundleError` where the bundle's parts do not fit each other or its golden examples come out differently.
    """

    def __init__(self, bundle: Bundle) -> None:
        check_parts(bundle)
        manifest = bundle.manifest
        self.bundle = bundle
        self.classes = manifest.classes
        idf = bundle.tensors["idf"].astype(np.float64)
        try:
            self._features = TfidfFeatures(bundle.vocabulary, idf, manifest.text_cleaning, manifest.tfidf)
        except ValueError as error:
            raise BundleError(f"The bundle {bundle.digest} cannot be used: {error}. Train anew.") from error
        self._classifier = classifier_of(bundle)
        self._short_text_scorer = short_text_scorer(bundle, idf)
        self._intercepts = self._classifier.scores(_NO_TERMS)
        watched = bundle.tensors.get(WATCHED_TERMS, np.empty(0, dtype=np.int32)).tolist()
        self._watched_bits = {column: bit for bit, column in enumerate(watched)}
        self._check_golden(manifest.golden)

    def _check_golden(self, golden: Sequence[GoldenExample]) -> None:
        """Raises `BundleError` where this machine gives a golden example other probabilities than training did."""
        texts = [example.text for example in golden]
        with np.errstate(all="ignore"):  # weights that overflow are found out below
            batch, single = self.predict_proba(texts), [np.array(self._predict_one(text)) for text in texts]
        for number, (example, *answers) in enumerate(zip(golden, batch, single, strict=True), start=1):
            if not all(_is_close(answer, example.probabilities) for answer in answers):
                raise BundleError(
                    f"The bundle {self.bundle.digest} does not answer golden example {number} as it did when it was "
                    "trained. Fetch it again, or train anew."
                )

    def rows(self, texts: Sequence[str]) -> CsrMatrix:
        """The features of `texts`."""
        return self._features.rows(texts)

    def probabilities(self, rows: CsrMatrix) -> NDArray[np.float64]:
        """Calibrated probabilities, of shape (rows, classes), of texts with these features."""
        calibration = self.bundle.manifest.calibration
        if calibration is None:
            return at_temperature(self._classifier.probabilities(rows), self.bundle.manifest.temperature)
        return calibrated(self.scores(rows), calibration)

    def scores(self, rows: CsrMatrix) -> Scores:
        """What these features say before they are calibrated."""
        return Scores(self._classifier.scores(rows), self._intercepts, rows.evidence)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities of shape (texts, classes), for texts as they were written, title and text joined."""
        parts = [self.probabilities(self._features.rows(part)) for part in _batches(texts)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty((0, len(self.classes)))

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        """What the bundle says about each text, in their order."""
        if len(texts) == 1:
            return [self.predict(texts[0])]
        return [self._rank(row) for row in self.predict_proba(texts).tolist()]

    def predict(self, text: str) -> Prediction:
        """What the bundle says about one text."""
        return self._rank(self._predict_one(text))

    def text_stats(self, text: str) -> TextStats:
        """What a text is like for this bundle, as its profile counts it."""
        terms = self._features.terms(text)
        bits = np.zeros(len(self._watched_bits), dtype=np.bool_)
        bits[[self._watched_bits[column] for column in terms.counts if column in self._watched_bits]] = True
        return TextStats(terms.known_share, np.packbits(bits).tobytes().hex())

    def _predict_one(self, text: str) -> list[float]:
        if self._short_text_scorer is None or (terms := self._features.few_terms(text)) is None:
            rows = self._features.rows([text])
        elif (probabilities := self._short_text_scorer.probabilities(terms)) is not None:
            return probabilities
        else:
            rows = self._features.row(terms)
        answer: list[float] = self.probabilities(rows)[0].tolist()
        return answer

    def _rank(self, probabilities: list[float]) -> Prediction:
        """The classes ranked; of equally probable ones, the earlier class is first."""
        order = sorted(range(len(probabilities)), key=probabilities.__getitem__, reverse=True)
        ranked = {self.classes[i]: probabilities[i] for i in order}
        return Prediction(self.classes[order[0]], probabilities[order[0]], ranked)


def _is_close(found: NDArray[np.float64], expected: Sequence[float]) -> bool:
    return len(found) == len(expected) and bool((np.abs(found - expected) <= GOLDEN_TOLERANCE).all())


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Few enough texts at a time for their words to stay in the processor's cache, and memory within bounds."""
    begin, characters = 0, 0
    for i, text in enumerate(texts):
        if i > begin and (i - begin == _MOST_TEXTS or characters + len(text) > _MOST_CHARACTERS):
            yield texts[begin:i]
            begin, characters = i, 0
        characters += len(text)
    if begin < len(texts):
        yield texts[begin:]
