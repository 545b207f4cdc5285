"""Adam (Kingma and Ba, 2014, https://arxiv.org/abs/1412.6980), updating the weights in place."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_BLOCK = 65536  # numbers that are worked on at once: few enough to stay in the processor's cache through all passes


@dataclass(frozen=True)
class RowGradient:
    """The gradient of a matrix in which it is zero but for some rows. `rows` ascend, each once; `values` has one row
    for each of them."""

    rows: NDArray[np.intp]
    values: Array


@dataclass
class Adam:
    """The optimizer of one array of weights, with scikit-learn's parameters, which it changes in place.

    The sums of gradients and of their squares are kept without their factors `1 - beta`, which saves a pass over all
    weights for each.
    """

    weights: Array
    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    steps: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._flat = self.weights.reshape(len(self.weights), -1)
        self._first, self._second = np.zeros_like(self._flat), np.zeros_like(self._flat)
        self._block = max(1, _BLOCK // self._flat.shape[1])
        shape = min(self._block, len(self._flat)), self._flat.shape[1]
        self._gradient, self._scratch = np.empty(shape, self._flat.dtype), np.empty(shape, self._flat.dtype)

    def step(self, gradient: Array | RowGradient, decay: float = 0.0) -> None:
        """Follow a gradient, to which `decay` times the weights is added."""
        self.steps += 1
        root = np.sqrt(1 - self.beta_2)
        rate = self.learning_rate * np.sqrt(1 - self.beta_2**self.steps) / (1 - self.beta_1**self.steps)
        factor, epsilon = float(rate * (1 - self.beta_1) / root), float(self.epsilon / root)
        if isinstance(gradient, RowGradient):
            bounds = np.searchsorted(gradient.rows, range(0, len(self._flat) + self._block, self._block))
        else:
            gradient = gradient.reshape(self._flat.shape)
        for number, start in enumerate(range(0, len(self._flat), self._block)):
            part = slice(start, start + self._block)
            weights = self._flat[part]
            total = np.multiply(weights, decay, out=self._gradient[: len(weights)])
            if isinstance(gradient, RowGradient):
                selected = slice(bounds[number], bounds[number + 1])
                total[gradient.rows[selected] - start] += gradient.values[selected]
            else:
                total += gradient[part]
            self._update(weights, self._first[part], self._second[part], total, factor, epsilon)

    def _update(
        self, weights: Array, first: Array, second: Array, gradient: Array, factor: float, epsilon: float
    ) -> None:
        scratch = self._scratch[: len(weights)]
        first *= self.beta_1
        first += gradient
        second *= self.beta_2
        second += np.multiply(gradient, gradient, out=scratch)
        np.sqrt(second, out=scratch)
        scratch += epsilon
        np.divide(first, scratch, out=scratch)
        scratch *= factor
        weights -= scratch
