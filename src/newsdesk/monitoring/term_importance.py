"""Which terms matter most to a model, and how far they are others than in the model before."""

from collections.abc import Iterator, Mapping
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.predictor import Predictor

MOST_IMPORTANT = 50  # terms of a category
_TERMS_AT_ONCE = 1024
_LEAST = 1e-12  # taken for a smaller probability before its logarithm, and for a smaller change of log-odds

Important = Mapping[str, frozenset[str]]  # category → its most important terms


def important_terms(predictor: Predictor, count: int = MOST_IMPORTANT) -> Important:
    """At most `count` terms of each category that raise its log-odds most where a text consists of the term alone.

    A term that raises them not at all is never among them. Of equally important terms, the first by name are.
    """
    names = predictor.bundle.vocabulary.terms
    empty = CsrMatrix(np.zeros(2, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))
    changes = np.concatenate(list(_log_odds(predictor, len(names)))) - _logit(predictor.probabilities(empty))
    return {
        category: _highest(changes[:, number].tolist(), names, count)
        for number, category in enumerate(predictor.classes)
    }


def changed_shares(now: Important, before: Important) -> dict[str, float]:
    """The share of each category's most important terms that were not among them in the model before.

    1 for a category that the model before did not know; a category without an important term is left out.
    """
    return {
        category: len(terms - before.get(category, frozenset())) / len(terms)
        for category, terms in now.items()
        if terms
    }


def _log_odds(predictor: Predictor, terms: int) -> Iterator[NDArray[np.float64]]:
    """The log-odds of every class, of shape (terms, classes) in parts, for texts of one term each."""
    for begin in range(0, terms, _TERMS_AT_ONCE):
        columns = np.arange(begin, min(begin + _TERMS_AT_ONCE, terms))
        # Features are l2-normalised: that of a text's only term is 1.
        single_terms = CsrMatrix(np.arange(len(columns) + 1), columns, np.ones(len(columns)))
        yield _logit(predictor.probabilities(single_terms))


def _logit(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probabilities, _LEAST, 1 - _LEAST)
    logits: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return logits


def _highest(changes: list[float], names: list[str], count: int) -> frozenset[str]:
    rising = ((-change, name) for change, name in zip(changes, names, strict=True) if change > _LEAST)
    return frozenset(name for _, name in nsmallest(count, rising))
