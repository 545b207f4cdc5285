"""The network's trainer beside scikit-learn's, whose mathematics it follows."""

import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.sparse import random as random_matrix
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from newsdesk.articles.dataset import Examples
from newsdesk.config.model_config import ModelConfig
from newsdesk.training import sparse_mlp
from newsdesk.training.fit import FittedClassifier, clean_examples, fit_classifier, fit_features
from newsdesk.training.minibatches import Minibatch, minibatches
from newsdesk.training.sparse_mlp import Epoch, SparseMLPClassifier
from tests.builders import sample_texts

ROWS = random_matrix(60, 40, 0.2, format="csr", random_state=1)
SMALL = {"hidden_layer_sizes": (9, 5), "random_state": 3}


class InDoublePrecision(SparseMLPClassifier):
    """To be compared to the last digits."""

    working_dtype = np.float64


def classes(count: int) -> Any:
    return np.array([f"class {i % count}" for i in range(60)])


@contextmanager
def unfinished() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def both(count: int, **parameters: Any) -> tuple[MLPClassifier, InDoublePrecision]:
    with unfinished():
        theirs = MLPClassifier(**SMALL | parameters).fit(ROWS, classes(count))
        return theirs, InDoublePrecision(**SMALL | parameters).fit(ROWS, classes(count))


def largest_difference(one: Any, other: Any) -> float:
    pairs = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


@pytest.mark.parametrize(("activation", "count"), [*product(["relu", "tanh", "logistic", "identity"], [2, 4])])
def test_the_first_step_is_that_of_scikit_learn(activation: str, count: int) -> None:
    theirs, ours = both(count, activation=activation, max_iter=1, batch_size=60, alpha=0.01)
    assert largest_difference(theirs, ours) < 1e-6
    assert ours.loss_ == pytest.approx(theirs.loss_)


@pytest.mark.parametrize(("activation", "count"), [*product(["relu", "tanh"], [2, 4])])
def test_so_are_all_steps_of_minibatches_that_do_not_know_all_features(activation: str, count: int) -> None:
    theirs, ours = both(count, activation=activation, max_iter=12, batch_size=7, alpha=0.01)
    assert min(len(np.unique(ROWS[i : i + 7].indices)) for i in range(0, 60, 7)) < 40
    assert largest_difference(theirs, ours) < 1e-6
    assert ours.loss_curve_ == pytest.approx(theirs.loss_curve_)


def test_a_fit_ends_where_that_of_scikit_learn_does() -> None:
    theirs, ours = both(3, max_iter=400, learning_rate_init=0.05, n_iter_no_change=2)
    assert theirs.n_iter_ < 400
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_what_was_learnt_is_handed_on_as_a_classifier_of_scikit_learn(early_stopping: bool) -> None:
    theirs, ours = both(3, max_iter=5, early_stopping=early_stopping)
    plain = ours.as_mlp_classifier()
    assert type(plain) is MLPClassifier
    assert plain.get_params() == theirs.get_params()
    assert {name for name in vars(theirs) if name.endswith("_")} == {name for name in vars(plain) if name.endswith("_")}
    assert np.array_equal(plain.predict_proba(ROWS), ours.predict_proba(ROWS))
    assert list(plain.classes_) == list(theirs.classes_)
    with unfinished():
        assert plain.partial_fit(ROWS, classes(3)).n_iter_ == 1 if not early_stopping else True


def test_a_copy_has_the_same_parameters_and_gives_the_same_network_on_any_number_of_cores() -> None:
    ours = SparseMLPClassifier(**SMALL, max_iter=4, early_stopping="auto")
    with unfinished():
        with threadpool_limits(2):
            first = clone(ours).fit(ROWS, classes(3))
        with threadpool_limits(1):
            second = clone(ours).fit(ROWS, classes(3))
    assert first.get_params() == ours.get_params()
    assert largest_difference(first, second) == 0


def test_early_stopping_keeps_the_epoch_that_was_best_on_what_was_held_out() -> None:
    seen: list[Epoch] = []
    ours = SparseMLPClassifier(**SMALL, early_stopping=True, validation_fraction=0.2, n_iter_no_change=4)
    truth = np.array(["odd" if row[0, :20].sum() > row[0, 20:].sum() else "even" for row in ROWS])
    ours.set_params(learning_rate_init=0.03).fit(ROWS, truth, on_epoch=seen.append)
    scores = [epoch.validation_accuracy for epoch in seen]
    best = scores.index(max(score for score in scores if score is not None)) + 1
    assert ours.validation_scores_ == scores
    assert ours.best_validation_score_ == max(ours.validation_scores_)
    assert best < ours.n_iter_ == len(seen) < 200
    with unfinished():
        until_then = clone(ours).set_params(max_iter=best).fit(ROWS, truth)
    assert largest_difference(ours, until_then) == 0


def test_auto_stops_early_only_where_there_are_enough_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = SparseMLPClassifier(**SMALL, early_stopping="auto", max_iter=2)
    for enough, expected in ((61, False), (60, True)):
        monkeypatch.setattr(sparse_mlp, "ENOUGH_FOR_EARLY_STOPPING", enough)
        with unfinished():
            fitted = clone(ours).fit(ROWS, classes(3))
        assert (fitted.validation_scores_ is not None) is expected
        assert fitted.as_mlp_classifier().early_stopping is expected


def fit(on_epoch: Any = sparse_mlp.ignore_epoch, **parameters: Any) -> FittedClassifier:
    config = ModelConfig.model_validate({"models": {"neural_network": {"hidden_layer_sizes": [4]} | parameters}})
    features = fit_features(clean_examples(Examples(*sample_texts(8)), config), config)
    return fit_classifier("neural_network", config, features, 1, on_epoch)


def test_a_fit_tells_of_each_epoch() -> None:
    seen: list[Epoch] = []
    fit(seen.append, max_iter=3)
    assert [(epoch.number, epoch.at_most, epoch.validation_accuracy) for epoch in seen] == [
        (1, 3, None),
        (2, 3, None),
        (3, 3, None),
    ]
    seen.clear()
    fit(seen.append, max_iter=2, early_stopping=True, validation_fraction=0.25)
    assert all(epoch.validation_accuracy is not None for epoch in seen)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_ctrl_c_ends_a_fit(solver: str) -> None:
    """scikit-learn takes it for the end of the fit."""

    def press(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, press)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            fit(solver=solver, max_iter=1_000_000, n_iter_no_change=1_000_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("rows", "size"), [(60, 60), (1_000, 200), (80_000, 200), (80_400, 201), (120_001, 301)])
def test_an_epoch_of_many_rows_has_larger_batches_not_more_steps(
    rows: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def recorded(*arguments: Any) -> Iterator[Minibatch]:
        for batch in minibatches(*arguments):
            seen.append(len(batch.labels))
            yield batch

    monkeypatch.setattr(sparse_mlp, "minibatches", recorded)
    matrix = random_matrix(rows, 3, 0.5, format="csr", random_state=1)
    with unfinished():
        SparseMLPClassifier(hidden_layer_sizes=(2,), max_iter=1).fit(matrix, np.arange(rows) % 2)
    assert max(seen) == size
    assert len(seen) <= 400
    assert sum(seen) == rows
