"""Calibrate confidence: of the predictions made with confidence 0.8, eight in ten should be right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from newsdesk.model.calibration import Calibration, Scores, calibrated

_LOWEST, _HIGHEST = np.log([0.01, 0.001, 0.001]), np.log([100.0, 1000.0, 1000.0])  # slope, its terms, the prior's
_START = np.log([4.0, 1.0, 0.5]) + np.vstack([np.zeros(3), np.eye(3)])  # a simplex
_DIGITS = 4
_MIN_PROBABILITY = 1e-12  # a probability of zero for the truth must not make the loss infinite


@dataclass(frozen=True)
class ScoredTexts:
    """The scores of some texts by a classifier that was not fitted on them; text i belongs to class `truth[i]`."""

    scores: Scores
    truth: NDArray[np.intp]


def fit_calibration(scored: ScoredTexts, counts: Sequence[int]) -> Calibration:
    """The calibration with the lowest log loss, where `counts[i]` texts that are independent belong to class i.

    Of n texts of a class, however separable, the targets say that (n + 1) / (n + 2) belong to it, so that no finite
    collection makes a model certain: Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """
    members = np.array(counts, dtype=np.float64)
    prior = (members / members.sum()).tolist()
    target = ((members + 1) / (members + 2))[scored.truth]
    rows = np.arange(len(scored.truth))

    def to_calibration(logarithms: NDArray[np.float64]) -> Calibration:
        slope, slope_terms, prior_terms = np.exp(np.clip(logarithms, _LOWEST, _HIGHEST)).round(_DIGITS).tolist()
        return Calibration(prior=prior, slope=slope, slope_terms=slope_terms, prior_terms=prior_terms)

    def loss(logarithms: NDArray[np.float64]) -> float:
        log_probabilities = np.log(np.maximum(calibrated(scored.scores, to_calibration(logarithms)), _MIN_PROBABILITY))
        of_truth = log_probabilities[rows, scored.truth]
        of_others = (log_probabilities.sum(axis=1) - of_truth) / (len(counts) - 1)
        outside = np.abs(logarithms - np.clip(logarithms, _LOWEST, _HIGHEST)).sum()
        return float(-(target * of_truth + (1 - target) * of_others).mean() + outside)

    options = {"initial_simplex": _START, "xatol": 1e-3, "fatol": 1e-6}
    result = minimize(loss, _START[0], method="Nelder-Mead", options=options)
    return to_calibration(result.x)


def expected_calibration_error(confidence: NDArray[np.float64], is_right: NDArray[np.bool_], bins: int = 15) -> float:
    """Mean distance of confidence and accuracy over `bins` equal ranges of confidence, weighted by their size.

    Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    bin_indices = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[bin_indices == index].mean() - is_right[bin_indices == index].mean())
        * (bin_indices == index).mean()
        for index in np.unique(bin_indices)
    ]
    return float(sum(gaps))
