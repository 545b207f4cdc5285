"""The classifiers a bundle can hold, each computing what its scikit-learn original computes.

`probabilities` takes n rows of features and returns an array of shape (n, classes) whose rows sum to 1. `scores` are
their logarithms, up to a number for each row, and finite where a probability is too small for a number or is 0.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from newsdesk.model.bundle import Activation, Bundle, ForestSpec, LinearSpec, Link, MlpSpec, Tensors
from newsdesk.model.csr_matrix import CsrMatrix

Matrix = NDArray[np.float64]
_LEAST_SHARE = 1e-6  # that a forest, which counts texts, can tell from none
_DENSE_CELLS = 2**22  # most numbers that a forest spreads out at a time: 16 MB


class Classifier(Protocol):
    def probabilities(self, rows: CsrMatrix) -> Matrix: ...

    def scores(self, rows: CsrMatrix) -> Matrix: ...


def classifier_of(bundle: Bundle) -> Classifier:
    """The classifier that `bundle` holds."""
    match bundle.manifest.classifier:
        case LinearSpec() as spec:
            return LinearClassifier(spec, bundle.tensors)
        case MlpSpec() as spec:
            return MlpClassifier(spec, bundle.tensors)
        case ForestSpec():
            return ForestClassifier(bundle.tensors, bundle.manifest.feature_count)


class LinearClassifier:
    """Logistic regression, and every classifier whose scores are linear in the features (naive Bayes among them)."""

    def __init__(self, spec: LinearSpec, tensors: Tensors) -> None:
        self._weights = _floats(tensors, "weights")
        self._intercepts = _floats(tensors, "intercepts")
        self._link, self._log_link = LINKS[spec.link], LOG_LINKS[spec.link]

    def probabilities(self, rows: CsrMatrix) -> Matrix:
        return self._link(self._outputs(rows))

    def scores(self, rows: CsrMatrix) -> Matrix:
        return self._log_link(self._outputs(rows))

    def _outputs(self, rows: CsrMatrix) -> Matrix:
        return _multiply(rows, self._weights) + self._intercepts


class MlpClassifier:
    """Multi-layer perceptron."""

    def __init__(self, spec: MlpSpec, tensors: Tensors) -> None:
        self._weights = [_floats(tensors, f"weights_{i}") for i in range(spec.layers)]
        self._intercepts = [_floats(tensors, f"intercepts_{i}") for i in range(spec.layers)]
        self._activation = ACTIVATIONS[spec.activation]
        self._link, self._log_link = LINKS[spec.link], LOG_LINKS[spec.link]

    def probabilities(self, rows: CsrMatrix) -> Matrix:
        return self._link(self._outputs(rows))

    def scores(self, rows: CsrMatrix) -> Matrix:
        return self._log_link(self._outputs(rows))

    def _outputs(self, rows: CsrMatrix) -> Matrix:
        values = _multiply(rows, self._weights[0]) + self._intercepts[0]
        for weights, intercepts in zip(self._weights[1:], self._intercepts[1:], strict=True):
            values = self._activation(values) @ weights + intercepts
        return values


class ForestClassifier:
    """The mean of the trees' leaf distributions.

    All trees lie in one array of nodes. `roots[t]` is the first node of tree t; a text goes to `left` where its
    feature is
    at most the threshold, else to `right`; a leaf leads to itself. As in scikit-learn, features are compared as
    float32.
    """

    def __init__(self, tensors: Tensors, feature_count: int) -> None:
        self._roots = tensors["roots"].astype(np.intp)
        # Where node n leads to: right in place 2n, left in place 2n + 1.
        self._children = np.stack([tensors["right"], tensors["left"]], axis=1).astype(np.intp).ravel()
        self._is_leaf = tensors["right"] == np.arange(len(tensors["right"]))
        self._feature = tensors["feature"].astype(np.intp)
        self._threshold = _floats(tensors, "threshold")
        self._distribution = _floats(tensors, "distribution")
        self._feature_count = feature_count

    def probabilities(self, rows: CsrMatrix) -> Matrix:
        result = np.empty((rows.height, self._distribution.shape[1]))
        batch_size = max(1, _DENSE_CELLS // self._feature_count)
        for begin in range(0, rows.height, batch_size):
            end = min(begin + batch_size, rows.height)
            leaves = self._leaves(self._dense(rows, begin, end))
            np.mean(self._distribution[leaves], axis=1, out=result[begin:end])
        return result

    def scores(self, rows: CsrMatrix) -> Matrix:
        logarithms: Matrix = np.log(np.maximum(self.probabilities(rows), _LEAST_SHARE))
        return logarithms

    def _dense(self, rows: CsrMatrix, begin: int, end: int) -> NDArray[np.float32]:
        features = np.zeros((end - begin, self._feature_count), dtype=np.float32)
        part = slice(rows.starts[begin], rows.starts[end])
        owners = np.repeat(np.arange(end - begin), np.diff(rows.starts[begin : end + 1]))
        features[owners, rows.columns[part]] = rows.values[part]
        return features

    def _leaves(self, features: NDArray[np.float32]) -> NDArray[np.intp]:
        """The leaf of each row in each tree, of shape (rows, trees)."""
        cells = features.ravel()
        row_begins = np.repeat(np.arange(len(features)) * self._feature_count, len(self._roots))
        nodes = np.tile(self._roots, len(features))
        active = np.flatnonzero(~self._is_leaf[nodes])
        while len(active):
            current = nodes[active]
            values = cells.take(row_begins[active] + self._feature.take(current))
            children = self._children.take(2 * current + (values <= self._threshold.take(current)))
            nodes[active] = children
            active = active[~self._is_leaf.take(children)]
        return nodes.reshape(len(features), len(self._roots))


def _multiply(rows: CsrMatrix, weights: Matrix) -> Matrix:
    """Sparse rows times a dense matrix of shape (features, outputs)."""
    result = np.empty((rows.height, weights.shape[1]))
    bounds = rows.starts.tolist()
    for i, (start, end) in enumerate(pairwise(bounds)):
        np.dot(rows.values[start:end], weights.take(rows.columns[start:end], axis=0), out=result[i])
    return result


def _floats(tensors: Tensors, name: str) -> Matrix:
    values: Matrix = np.ascontiguousarray(tensors[name], dtype=np.float64)
    return values


def _softmax(scores: Matrix) -> Matrix:
    shares: Matrix = scores - np.maximum.reduce(scores, axis=1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= np.add.reduce(shares, axis=1, keepdims=True)
    return shares


def _logistic(scores: Matrix) -> Matrix:
    small = np.exp(-np.abs(scores))  # never overflows
    return np.where(scores >= 0, 1 / (1 + small), small / (1 + small))


def _sigmoid(scores: Matrix) -> Matrix:
    """Two classes from one score: the probability of the second class is its logistic."""
    second = _logistic(scores[:, 0])
    return np.column_stack([1 - second, second])


def _one_vs_rest(scores: Matrix) -> Matrix:
    """Each class against the rest, normalised (Zadrozny and Elkan 2002); equal shares where every score is zero."""
    separate = _logistic(scores)
    total = separate.sum(axis=1, keepdims=True)
    return np.where(total > 0, separate / np.where(total > 0, total, 1), 1 / scores.shape[1])


def _log_sigmoid(scores: Matrix) -> Matrix:
    return np.column_stack([np.zeros(len(scores)), scores[:, 0]])


def _log_logistic(scores: Matrix) -> Matrix:
    return np.minimum(scores, 0) - np.log1p(np.exp(-np.abs(scores)))


def _relu(values: Matrix) -> Matrix:
    return np.maximum(values, 0)


def _identity(values: Matrix) -> Matrix:
    return values


LINKS: dict[Link, Callable[[Matrix], Matrix]] = {"softmax": _softmax, "sigmoid": _sigmoid, "one_vs_rest": _one_vs_rest}
LOG_LINKS: dict[Link, Callable[[Matrix], Matrix]] = {
    "softmax": _identity,
    "sigmoid": _log_sigmoid,
    "one_vs_rest": _log_logistic,
}
ACTIVATIONS: dict[Activation, Callable[[Matrix], Matrix]] = {
    "identity": _identity,
    "logistic": _logistic,
    "tanh": np.tanh,
    "relu": _relu,
}
