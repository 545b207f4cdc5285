"""A multi-layer perceptron fitted on sparse rows: scikit-learn's mathematics in a fraction of its time.

scikit-learn 1.9 makes a dozen new arrays of the size of all weights for each minibatch, works in float64, takes the
validation part of more than two classes as it comes, and returns a half-fitted network where Ctrl+C is pressed.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state, shuffle
from sklearn.utils.validation import validate_data
from threadpoolctl import threadpool_limits

from newsdesk.training.adam import Adam
from newsdesk.training.layers import Layers, Link
from newsdesk.training.minibatches import Labels, Minibatch, minibatches, stratified_part

ENOUGH_FOR_EARLY_STOPPING = 10_000  # rows: with fewer, those held out are missed more than the time
_BATCH = 200  # rows, as scikit-learn takes for "auto"
_MAX_STEPS = 400  # of an epoch, from then on with larger batches: each step goes through all weights


class Epoch(NamedTuple):
    """How far a fit is: so many epochs of at most so many. `validation_accuracy` is None without early stopping."""

    number: int
    at_most: int
    loss: float
    validation_accuracy: float | None


EpochCallback = Callable[[Epoch], object]


def ignore_epoch(epoch: Epoch) -> None:
    """An `EpochCallback` that does nothing."""


class SparseMLPClassifier(MLPClassifier):  # type: ignore[misc]  # scikit-learn ships no types
    """`MLPClassifier`, with its parameters and attributes, whose solver `adam` is our own.

    It works in float32, on one core: a seed gives the same network however many there are. `early_stopping` may also
    be "auto": on from `ENOUGH_FOR_EARLY_STOPPING` rows. Its validation part is stratified. `batch_size` "auto" is 200
    rows, and more where an epoch would have more than 400 steps. Other solvers, `warm_start` and weights of rows are
    scikit-learn's.
    """

    working_dtype: Any = np.float32
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    def fit(self, X: Any, y: Any, sample_weight: Any = None, on_epoch: EpochCallback = ignore_epoch) -> Self:  # noqa: N803
        """Fit on rows of features and their classes. Raises `ValueError` where a parameter is out of its range."""
        if self.solver != "adam" or self.warm_start or sample_weight is not None:
            super().fit(X, y, sample_weight)
            return self
        stops_early = np.shape(X)[0] >= ENOUGH_FOR_EARLY_STOPPING if self.early_stopping == "auto" else None
        self._unfitted_mlp(stops_early)._validate_params()
        rows, classes = validate_data(self, X, y, accept_sparse="csr")
        self._label_binarizer = LabelBinarizer().fit(classes)
        self.classes_ = self._label_binarizer.classes_
        self._random_state = check_random_state(self.random_state)
        layers = self._new_layers(rows.shape[1])
        rows, labels = csr_matrix(rows, dtype=self.working_dtype), np.searchsorted(self.classes_, classes)
        with threadpool_limits(1, "blas"):
            if self.early_stopping if stops_early is None else stops_early:
                layers = self._fit_with_early_stopping(layers, rows, labels, on_epoch)
            else:
                self._fit_until_converged(layers, rows, labels, on_epoch)
        self.coefs_ = [weights.astype(np.float64) for weights in layers.weights]
        self.intercepts_ = [intercepts.astype(np.float64) for intercepts in layers.intercepts]
        if not all(np.isfinite(array).all() for array in [*self.coefs_, *self.intercepts_]):
            raise ValueError("The weights grew beyond all bounds. Give a smaller learning_rate_init.")
        return self

    def as_mlp_classifier(self) -> MLPClassifier:
        """What was learnt, as scikit-learn's own class: its files are read where Newsdesk is not installed."""
        classifier = self._unfitted_mlp(self.validation_scores_ is not None if self.early_stopping == "auto" else None)
        vars(classifier).update({name: value for name, value in vars(self).items() if name not in vars(classifier)})
        return classifier

    def _unfitted_mlp(self, stops_early: bool | None) -> MLPClassifier:
        """scikit-learn's, not fitted, with the same parameters, and with what "auto" comes to."""
        parameters = self.get_params(deep=False)
        return MLPClassifier(**parameters | ({} if stops_early is None else {"early_stopping": stops_early}))

    def _new_layers(self, features: int) -> Layers:
        outputs = 1 if len(self.classes_) <= 2 else len(self.classes_)
        units = [features, *np.atleast_1d(self.hidden_layer_sizes).tolist(), outputs]
        if min(units) < 1:
            raise ValueError(f"hidden_layer_sizes must be > 0, got {self.hidden_layer_sizes}.")
        self.n_outputs_, self.n_layers_ = outputs, len(units)
        self.out_activation_: Link = "logistic" if outputs == 1 else "softmax"
        return Layers.initialised(units, self.activation, self.out_activation_, self._random_state, self.working_dtype)

    def _fit_until_converged(self, layers: Layers, rows: Any, labels: Labels, on_epoch: EpochCallback) -> None:
        """Fit until the loss no longer falls."""
        self.validation_scores_ = self.best_validation_score_ = None
        best, without_gain = float("inf"), 0
        for loss in self._epochs(layers, rows, labels):
            on_epoch(Epoch(self.n_iter_, self.max_iter, loss, None))
            without_gain = without_gain + 1 if loss > best - self.tol else 0
            self.best_loss_ = best = min(loss, best)
            if without_gain > self.n_iter_no_change:
                return
        self._warn_not_converged()

    def _fit_with_early_stopping(self, layers: Layers, rows: Any, labels: Labels, on_epoch: EpochCallback) -> Layers:
        """Fit until the accuracy on held-out rows no longer rises; returns the layers with the highest."""
        scores: list[float] = []
        self.best_loss_, self.validation_scores_ = None, scores
        is_held_out = stratified_part(labels, self.validation_fraction, self._random_state)
        held_out, truth = rows[is_held_out], labels[is_held_out]
        best, best_score, without_gain = layers, float("-inf"), 0
        for loss in self._epochs(layers, rows[~is_held_out], labels[~is_held_out]):
            score = float((layers.predict(held_out) == truth).mean())
            scores.append(score)
            on_epoch(Epoch(self.n_iter_, self.max_iter, loss, score))
            without_gain = without_gain + 1 if score < best_score + self.tol else 0
            if score > best_score:
                best, best_score = layers.copied(), score
            self.best_validation_score_ = best_score
            if without_gain > self.n_iter_no_change:
                return best
        self._warn_not_converged()
        return best

    def _epochs(self, layers: Layers, rows: Any, labels: Labels) -> Iterator[float]:
        """Learn from all rows again and again; yields the mean loss of each time, with what `alpha` adds to it."""
        self.n_iter_ = self.t_ = self._no_improvement_count = 0
        self.loss_curve_: list[float] = []
        rates = self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon
        optimizers = [Adam(array, *rates) for array in layers.weights + layers.intercepts]
        automatic = max(_BATCH, math.ceil(len(labels) / _MAX_STEPS))
        order, size = np.arange(len(labels)), automatic if self.batch_size == "auto" else self.batch_size
        while self.n_iter_ < self.max_iter:
            order = shuffle(order, random_state=self._random_state) if self.shuffle else order
            losses = (self._train_step(layers, optimizers, batch) for batch in minibatches(rows, labels, order, size))
            self.loss_ = float(sum(losses) / len(labels))
            self.n_iter_, self.t_ = self.n_iter_ + 1, self.t_ + len(labels)
            self.loss_curve_.append(self.loss_)
            yield self.loss_

    def _train_step(self, layers: Layers, optimizers: list[Adam], batch: Minibatch) -> float:
        """One step of all weights; the loss of all rows of the batch before it."""
        count, gradients = len(batch.labels), layers.gradients(batch)
        penalty: float = self.alpha / 2 * sum(float(np.vdot(array, array)) for array in layers.weights)
        weight_optimizers, intercept_optimizers = optimizers[: len(layers.weights)], optimizers[len(layers.weights) :]
        for optimizer, gradient in zip(weight_optimizers, gradients.weights, strict=True):
            optimizer.step(gradient, self.alpha / count)
        for optimizer, intercepts in zip(intercept_optimizers, gradients.intercepts, strict=True):
            optimizer.step(intercepts)
        return count * gradients.loss + penalty

    def _warn_not_converged(self) -> None:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged "
            "yet.",
            ConvergenceWarning,
            stacklevel=3,
        )
