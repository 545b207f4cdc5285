"""Make confidence mean what it says: of the predictions made with confidence 0.8, eight in ten should be right."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from newsdesk.model.predictor import at_temperature

_COLDEST, _HOTTEST = 0.05, 20.0
_LEAST = 1e-12  # a probability of zero for the truth must not make the loss infinite


def fit_temperature(probabilities: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """At which temperature `probabilities`, of shape (texts, classes), have the lowest log loss of class `truth[i]`.

    Guo et al. 2017, "On Calibration of Modern Neural Networks". Fit it on texts that the classifier was not fitted on.
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        of_truth = at_temperature(probabilities, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(of_truth, _LEAST)).mean())

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def expected_calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.intp], bins: int = 15) -> float:
    """Mean distance of confidence and accuracy over `bins` equal ranges of confidence, weighted by their size.

    Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == one].mean() - is_right[place == one].mean()) * (place == one).mean()
        for one in np.unique(place)
    ]
    return float(sum(gaps))
