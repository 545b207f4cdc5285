"""The layers of a multi-layer perceptron: forward pass and gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from scipy.special import expit

from newsdesk.training.adam import Array, RowGradient
from newsdesk.training.minibatches import Labels, Minibatch

Link = Literal["softmax", "logistic"]

# Each works in place: on what a hidden layer sums up, and, given what it said, on the gradient of what it said.
_ACTIVATIONS: dict[str, Callable[[Array], object]] = {
    "identity": lambda sums: sums,
    "relu": lambda sums: np.maximum(sums, 0, out=sums),
    "tanh": lambda sums: np.tanh(sums, out=sums),
    "logistic": lambda sums: expit(sums, out=sums),
}
_DERIVATIVES: dict[str, Callable[[Array, Array], object]] = {
    "identity": lambda _, deltas: deltas,
    "relu": lambda output, deltas: np.multiply(deltas, output > 0, out=deltas),
    "tanh": lambda output, deltas: np.multiply(deltas, 1 - output**2, out=deltas),
    "logistic": lambda output, deltas: np.multiply(deltas, output * (1 - output), out=deltas),
}


class Gradients(NamedTuple):
    """Of the loss of a minibatch, by weights and by intercepts, layer by layer; without what `alpha` adds.

    `loss` is the mean over the rows of their cross entropy.
    """

    loss: float
    weights: list[Array | RowGradient]
    intercepts: list[Array]


@dataclass(frozen=True)
class Layers:
    """Weights, of shape (inputs, outputs), and intercepts of each layer. The last is followed by `link`, `logistic`
    where it has one output; all others by `activation`."""

    weights: list[Array]
    intercepts: list[Array]
    activation: str
    link: Link

    @classmethod
    def initialised(
        cls,
        units: Sequence[int],
        activation: str,
        link: Link,
        rng: np.random.RandomState,
        dtype: Any,
    ) -> Self:
        """Layers of so many units as scikit-learn draws them, by Glorot and Bengio (2010)."""
        weights, intercepts = [], []
        for inputs, outputs in pairwise(units):
            bound = np.sqrt((2.0 if activation == "logistic" else 6.0) / (inputs + outputs))
            weights.append(rng.uniform(-bound, bound, (inputs, outputs)).astype(dtype))
            intercepts.append(rng.uniform(-bound, bound, outputs).astype(dtype))
        return cls(weights, intercepts, activation, link)

    def predict(self, rows: Any) -> Labels:
        """The number of the most probable class of each row."""
        outputs = self._outputs(rows)[-1]
        best: Labels = outputs.argmax(axis=1) if self.link == "softmax" else (outputs[:, 0] > 0.5).astype(np.intp)
        return best

    def gradients(self, batch: Minibatch) -> Gradients:
        """Follow the loss back through all layers."""
        outputs = self._outputs(batch.rows)
        loss, deltas = self._loss(outputs.pop(), batch.labels)
        deltas /= len(deltas)
        weights: list[Array | RowGradient] = []
        intercepts: list[Array] = [deltas.sum(axis=0)]
        for output, weight in zip(reversed(outputs), reversed(self.weights), strict=False):
            weights.append(output.T @ deltas)
            deltas = deltas @ weight.T
            _DERIVATIVES[self.activation](output, deltas)
            intercepts.append(deltas.sum(axis=0))
        weights.append(batch.gradient(deltas))
        return Gradients(loss, weights[::-1], intercepts[::-1])

    def copied(self) -> Self:
        """The same, to keep while these change."""
        weights, intercepts = ([array.copy() for array in arrays] for arrays in (self.weights, self.intercepts))
        return type(self)(weights, intercepts, self.activation, self.link)

    def _outputs(self, rows: Any) -> list[Array]:
        """The output of each layer for the rows."""
        outputs: list[Array] = []
        for weights, intercepts in zip(self.weights, self.intercepts, strict=True):
            sums = (outputs[-1] if outputs else rows) @ weights
            sums += intercepts
            if len(outputs) < len(self.weights) - 1:
                _ACTIVATIONS[self.activation](sums)
            outputs.append(sums)
        last = outputs[-1]
        if self.link == "logistic":
            expit(last, out=last)
        else:
            last -= last.max(axis=1, keepdims=True)
            np.exp(last, out=last)
            last /= last.sum(axis=1, keepdims=True)
        return outputs

    def _loss(self, probabilities: Array, labels: Labels) -> tuple[float, Array]:
        """The mean cross entropy, and the gradient of each row's by what the last layer summed up."""
        epsilon = np.finfo(probabilities.dtype).eps
        rows = np.arange(len(labels))
        if self.link == "softmax":
            true_probabilities = probabilities[rows, labels]
            deltas = probabilities
            deltas[rows, labels] -= 1
        else:
            truth = labels[:, np.newaxis]
            true_probabilities = np.where(truth == 1, probabilities, 1 - probabilities)
            deltas = probabilities - truth.astype(probabilities.dtype)
        return float(-np.log(np.clip(true_probabilities, epsilon, 1 - epsilon)).mean()), deltas
