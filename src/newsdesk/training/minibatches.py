"""Minibatches that a network is fitted on, and the rows held out for early stopping."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from newsdesk.training.adam import Array, RowGradient

Labels = NDArray[np.intp]

_AT_ONCE = 20  # minibatches whose rows are gathered together, which takes less than one by one


class Minibatch(NamedTuple):
    """Rows of features, of shape (rows, features), sparse, and the number of the class of each."""

    rows: Any
    labels: Labels

    def gradient(self, deltas: Array) -> RowGradient:
        """The gradient of the weights that these rows are multiplied by; only of features that occur in them."""
        matrix, features = self.rows, self.rows.shape[1]
        present = np.flatnonzero(np.bincount(matrix.indices, minlength=features))
        position = np.empty(features, matrix.indices.dtype)
        position[present] = np.arange(len(present))
        compact = csr_matrix((matrix.data, position[matrix.indices], matrix.indptr), (matrix.shape[0], len(present)))
        return RowGradient(present, compact.T @ deltas)


def minibatches(rows: Any, labels: Labels, order: Labels, size: int) -> Iterator[Minibatch]:
    """All rows of a CSR matrix in the order given, `size` at a time; the last may be fewer."""
    for start in range(0, len(order), size * _AT_ONCE):
        indices = order[start : start + size * _AT_ONCE]
        gathered_rows, gathered_labels = rows[indices], labels[indices]
        for first in range(0, len(indices), size):
            yield Minibatch(gathered_rows[first : first + size], gathered_labels[first : first + size])


def stratified_part(labels: Labels, share: float, rng: np.random.RandomState) -> NDArray[np.bool_]:
    """Which rows to hold out: of each class this share, rounded, but never all of it.

    Raises `ValueError` where these are fewer than two.
    """
    is_held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        indices = rng.permutation(np.flatnonzero(labels == label))
        is_held_out[indices[: min(round(len(indices) * share), len(indices) - 1)]] = True
    if is_held_out.sum() < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return is_held_out
