"""Which terms of a text speak for a category, and which against it, in parts that sum to the category's score.

Linear classifiers and naive Bayes: exact. The score is the class's calibrated logit, before it is weighed against the
prior (`newsdesk.model.calibration`), the baseline is what the intercept and the prior put into it, and each term adds
its feature times its weight times the slope. Of two classes with one logit, the first has the logit's negative. For
one-vs-rest the score is the class's own logit, before the classes are normalised against each other and calibrated. For
naive Bayes, whose log-probabilities are all negative, it is the joint log-probability less its mean over the classes,
term by term, so that the sign tells for or against.

Multi-layer perceptrons and forests: Shapley values of the calibrated log-probability, sampled over permutations of the
terms (Strumbelj and Kononenko 2014, "Explaining prediction models and individual predictions with feature
contributions"), each permutation taken forwards and backwards. A term that is left out has the feature 0. Only the
terms that alone change the most are permuted one by one, all others together as `OTHER_TERMS`, so that the time is
bounded; every permutation's parts sum to the score, and so do their means.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from newsdesk.errors import UsageError
from newsdesk.model.bundle import BundleManifest, LinearSpec
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.predictor import Predictor

OTHER_TERMS = "other terms"
LEAST_PROBABILITY = 1e-12  # taken for a smaller one before its logarithm
_MOST_PLAYERS = 40  # terms permuted one by one
_MOST_PAIRS = 12  # of a permutation and its reverse
_MOST_FEATURES = 2**19  # features that all permutations of one text may have together
_FEATURES_AT_ONCE = 2**18

Method = Literal["linear", "sampled_shapley"]


@dataclass(frozen=True)
class Explanation:
    """`baseline` and the contributions of `terms`, the largest in size first, sum to `score`."""

    category: str
    probability: float
    score: float
    baseline: float
    terms: list[tuple[str, float]]
    method: Method


def explain(predictor: Predictor, text: str, category: str | None = None) -> Explanation:
    """Why `text` is given the probability of `category`; without one, of the most probable category.

    Raises `UsageError` for a category that the predictor does not know.
    """
    row = predictor.rows([text])
    probabilities = predictor.probabilities(row)[0]
    if category is None:
        category = predictor.classes[int(probabilities.argmax())]
    if category not in predictor.classes:
        raise UsageError(f"The model does not know that category. It knows: {', '.join(predictor.classes)}.")
    class_index = predictor.classes.index(category)
    names = predictor.bundle.vocabulary.terms
    spec = predictor.bundle.manifest.classifier
    method: Method
    if isinstance(spec, LinearSpec):
        method = "linear"
        baseline, parts = _linear(predictor, spec, row, class_index)
        terms = [names[column] for column in row.columns]
    else:
        method = "sampled_shapley"
        alone = _most_influential(predictor, row, class_index)
        baseline, parts = _shapley(predictor, row, class_index, alone)
        terms = [*(names[column] for column in row.columns[alone]), OTHER_TERMS][: len(parts)]
    ranked = sorted(zip(terms, parts.tolist(), strict=True), key=lambda term: (-abs(term[1]), term[0]))
    return Explanation(
        category, float(probabilities[class_index]), baseline + float(parts.sum()), baseline, ranked, method
    )


def _linear(
    predictor: Predictor, spec: LinearSpec, row: CsrMatrix, class_index: int
) -> tuple[float, NDArray[np.float64]]:
    tensors, manifest = predictor.bundle.tensors, predictor.bundle.manifest
    weights, intercepts = tensors["weights"][row.columns].astype(np.float64), tensors["intercepts"].astype(np.float64)
    scale = 1.0
    if spec.link != "one_vs_rest":
        scale, intercepts = _calibrated_weights(manifest, spec, float(row.evidence[0]), intercepts)
    if manifest.model_type == "MultinomialNB":
        weights, intercepts = weights - weights.mean(axis=1, keepdims=True), intercepts - intercepts.mean()
    output = 0 if spec.link == "sigmoid" else class_index
    sign = -1 if spec.link == "sigmoid" and class_index == 0 else 1
    return float(intercepts[output]) * sign, row.values * weights[:, output] * (scale * sign)


def _calibrated_weights(
    manifest: BundleManifest, spec: LinearSpec, evidence: float, intercepts: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """What the weights are multiplied with, and the scores that the text's terms are added to."""
    calibration = manifest.calibration
    if calibration is None:
        return 1 / manifest.temperature, intercepts / manifest.temperature
    slope, log_prior = calibration.slope_at(evidence), np.log(calibration.prior)
    intercept_weight = min(slope, 1.0)
    prior = log_prior[1:] - log_prior[:1] if spec.link == "sigmoid" else log_prior
    return slope, (1 - intercept_weight) * prior + intercept_weight * intercepts


def _most_influential(predictor: Predictor, row: CsrMatrix, class_index: int) -> NDArray[np.intp]:
    """The features that change the log-probability most where they are the only one."""
    singles = np.concatenate([np.arange(len(row.columns) + 1), [len(row.columns)]])  # each alone, and none at all
    *scores, none = _log_probabilities(predictor, _subsets(row, singles, slice(None)), class_index)
    return np.lexsort((row.columns, -np.abs(np.array(scores) - none)))[:_MOST_PLAYERS]


def _shapley(
    predictor: Predictor, row: CsrMatrix, class_index: int, alone: NDArray[np.intp]
) -> tuple[float, NDArray[np.float64]]:
    """The log-probability of class `class_index` without any feature, and the mean part of each player in the rest.

    The players are the features `alone`, in this order, and all others as one, if there are any.
    """
    player_of = np.full(len(row.columns), len(alone))
    player_of[alone] = np.arange(len(alone))
    players = len(alone) + (len(alone) < len(row.columns))
    if not players:
        return float(_log_probabilities(predictor, row, class_index)[0]), np.zeros(0)
    pairs = max(1, min(_MOST_PAIRS, _MOST_FEATURES // (players * len(row.columns))))
    rng = np.random.default_rng(0)
    orders = [
        order for _ in range(pairs) for forwards in [rng.permutation(players)] for order in (forwards, forwards[::-1])
    ]
    parts = np.zeros(players)
    for order in orders:
        scores = _scores_while_adding(predictor, row, class_index, np.argsort(order)[player_of], players)
        parts[order] += np.diff(scores) / len(orders)
    return float(scores[0]), parts


def _scores_while_adding(
    predictor: Predictor, row: CsrMatrix, class_index: int, turns: NDArray[np.intp], players: int
) -> NDArray[np.float64]:
    """The log-probability before and after each turn, where feature i is added in turn `turns[i]`."""
    batch_size = max(1, _FEATURES_AT_ONCE // len(turns))
    scores = []
    for begin in range(0, players + 1, batch_size):
        is_present = turns < np.arange(begin, min(begin + batch_size, players + 1))[:, np.newaxis]
        _, features = np.nonzero(is_present)
        starts = np.concatenate([[0], np.cumsum(is_present.sum(axis=1))])
        scores.append(_log_probabilities(predictor, _subsets(row, starts, features), class_index))
    return np.concatenate(scores)


def _subsets(row: CsrMatrix, starts: NDArray[np.intp], features: NDArray[np.intp] | slice) -> CsrMatrix:
    """Rows of some of a text's features, as well known as the text."""
    shares = None if row.known_shares is None else np.repeat(row.known_shares, len(starts) - 1)
    return CsrMatrix(starts, row.columns[features], row.values[features], shares)


def _log_probabilities(predictor: Predictor, rows: CsrMatrix, class_index: int) -> NDArray[np.float64]:
    logarithms: NDArray[np.float64] = np.log(
        np.maximum(predictor.probabilities(rows)[:, class_index], LEAST_PROBABILITY)
    )
    return logarithms
