"""From scores to probabilities that mean what they say: the less of a text is known, the less is claimed.

A text's evidence is e = known terms x (known share of its words) squared. With the prior shares of the classes, the
intercept (the scores of a text without a known term) and the rest of the score, which is what the text itself says:

    slope s = `slope` x e / (e + `slope_terms`)        trust t = e / (e + `prior_terms`)
    scores  = (1 - m) x log prior + m x intercept + s x rest,   m = min(s, 1)
    answer  = t x softmax(scores) + (1 - t) x prior

So the intercept counts once at most and is never sharpened, without evidence the answer is the prior, and confidence
stays below t + (1 - t) x the largest prior. All slopes being 1, a logistic regression answers as it was fitted.
Scaling scores: Platt 1999, "Probabilistic Outputs for Support Vector Machines"; Guo et al. 2017, "On Calibration of
Modern Neural Networks".
"""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Matrix = NDArray[np.float64]
LARGEST_SLOPE = 1e3
_Terms = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class Calibration(BaseModel):
    """The slope that scores reach with much evidence, the evidence at half of it, and for how much evidence the prior
    stands. `prior[i]` is the share of class i among the texts that the classifier was fitted on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prior: list[Annotated[float, Field(gt=0, lt=1)]]
    slope: float = Field(gt=0, le=LARGEST_SLOPE, allow_inf_nan=False)
    slope_terms: _Terms
    prior_terms: _Terms

    def slope_at(self, evidence: float) -> float:
        """What the scores of a text with this evidence are multiplied with."""
        return self.slope * evidence / (evidence + self.slope_terms)

    def trust_at(self, evidence: float) -> float:
        """The weight of a text with this evidence against the prior, 0 to 1."""
        return evidence / (evidence + self.prior_terms)


class Scores(NamedTuple):
    """Scores of n texts: log-probabilities of shape (n, classes), up to a number for each row. `intercepts`, of the
    same shape or a single row, are those of texts without a known term; `evidence` has the shape (n,)."""

    values: Matrix
    intercepts: Matrix
    evidence: Matrix


def evidence_of(known_terms: int, known_share: float) -> float:
    """How much a text of so many known terms, of whose words so large a share is known, can say."""
    return known_terms * known_share * known_share


def calibrated(scores: Scores, calibration: Calibration) -> Matrix:
    """Probabilities of shape (n, classes)."""
    evidence, prior = scores.evidence[:, np.newaxis], np.array(calibration.prior)
    slope = calibration.slope * evidence / (evidence + calibration.slope_terms)
    intercept_weight = np.minimum(slope, 1.0)
    totals = (
        (1 - intercept_weight) * np.log(prior) + (intercept_weight - slope) * scores.intercepts + slope * scores.values
    )
    shares = np.exp(totals - totals.max(axis=1, keepdims=True))
    trust = evidence / (evidence + calibration.prior_terms)
    answer: Matrix = trust * (shares / shares.sum(axis=1, keepdims=True)) + (1 - trust) * prior
    return answer


def at_temperature(probabilities: Matrix, temperature: float) -> Matrix:
    """How bundles of format 3 are calibrated: probabilities made sharper (temperature below 1) or flatter, in each row.

    The softmax of log-probabilities divided by the temperature, which for a softmax classifier is that of its scores.
    """
    if temperature == 1:
        return probabilities
    powers = (probabilities / probabilities.max(axis=1, keepdims=True)) ** (1 / temperature)
    result: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return result
