"""Tell the texts of a window from those of the reference: a classifier that can, has found a difference."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsdesk.monitoring.significance import normal_tail

_FOLDS = 5
_SMOOTHING = 1.0
LEAST = 20  # texts on each side: four a fold, so that the normal law of the test holds well enough


@dataclass(frozen=True)
class DomainClassifierResult:
    """How well: the AUC of texts that the classifier had not seen, 0.5 by chance alone."""

    auc: float
    p_value: float


def classify_domains(reference: NDArray[np.uint8], window: NDArray[np.uint8]) -> DomainClassifierResult | None:
    """Bernoulli naive Bayes over packed bits of shapes (texts, bytes), cross-validated; None for too few texts.

    A domain classifier as in Rabanser, Günnemann and Lipton (2019), "Failing Loudly". The AUC is the mean over the
    folds; its p-value that of the Mann-Whitney test.
    """
    if min(len(reference), len(window)) < LEAST:
        return None
    sides = [np.unpackbits(side, axis=1).astype(np.float32) for side in (reference, window)]
    random = np.random.default_rng(0)
    folds = [random.permutation(len(side)) % _FOLDS for side in sides]
    aucs, variance = [], 0.0
    for fold in range(_FOLDS):
        training = [side[fold_of != fold] for side, fold_of in zip(sides, folds, strict=True)]
        held_out = [side[fold_of == fold] for side, fold_of in zip(sides, folds, strict=True)]
        weights = _log_odds(*training)
        aucs.append(_auc(held_out[0] @ weights, held_out[1] @ weights))
        n, m = len(held_out[0]), len(held_out[1])
        variance += (n + m + 1) / (12 * n * m)
    auc = float(np.mean(aucs))
    return DomainClassifierResult(auc, normal_tail((auc - 0.5) / math.sqrt(variance / _FOLDS**2)))


def _log_odds(reference: NDArray[np.float32], window: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weight of each bit: Bernoulli naive Bayes is linear in the bits, and the rest is the same for every text."""
    odds = []
    for side in (window, reference):
        share = (side.sum(axis=0) + _SMOOTHING) / (len(side) + 2 * _SMOOTHING)
        odds.append(np.log(share / (1 - share)))
    difference: NDArray[np.float32] = odds[0] - odds[1]
    return difference


def _auc(below: NDArray[np.float32], above: NDArray[np.float32]) -> float:
    """The probability that a score of `above` is the larger, ties counting half."""
    scores = np.concatenate([below, above])
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    rank_sum = ranks[len(below) :].sum()
    return float((rank_sum - len(above) * (len(above) + 1) / 2) / (len(below) * len(above)))
