import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.model.predictor import at_temperature
from newsdesk.training.calibration import expected_calibration_error, fit_temperature


def drawn_from(probabilities: np.ndarray, seed: int = 0) -> np.ndarray:
    """A truth for every row that comes up as often as the row says."""
    random = np.random.default_rng(seed)
    return np.array([random.choice(len(row), p=row) for row in probabilities])


def some_probabilities(rows: int = 4000, classes: int = 4) -> np.ndarray:
    return np.random.default_rng(1).dirichlet(np.full(classes, 0.7), size=rows)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_that_spoilt_honest_probabilities_is_found(temperature: float) -> None:
    honest = some_probabilities()
    truth = drawn_from(honest)
    spoilt = at_temperature(honest, 1 / temperature)
    assert fit_temperature(spoilt, truth) == pytest.approx(temperature, rel=0.1)


def test_calibration_brings_confidence_and_accuracy_together() -> None:
    honest = some_probabilities()
    truth = drawn_from(honest)
    timid = at_temperature(honest, 4)
    calibrated = at_temperature(timid, fit_temperature(timid, truth))
    assert expected_calibration_error(timid, truth) > 0.2
    assert expected_calibration_error(calibrated, truth) < 0.03


def test_the_error_is_the_mean_gap_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    truth = np.array([0, 1, 1, 1])  # of those at 0.9 half are right, of those at 0.6 all
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


@given(
    st.lists(st.floats(1e-6, 1), min_size=2, max_size=6),
    st.floats(0.05, 20),
)
@settings(max_examples=100)
def test_a_temperature_keeps_the_order_and_the_sum(weights: list[float], temperature: float) -> None:
    row = np.array([weights]) / sum(weights)
    changed = at_temperature(row, temperature)
    assert changed.sum() == pytest.approx(1)
    in_order = changed[0, row[0].argsort(kind="stable")]
    assert (np.diff(in_order) >= -1e-15).all()  # what differs by a rounding may come out alike


def test_a_temperature_of_one_changes_nothing() -> None:
    probabilities = some_probabilities(rows=10)
    assert at_temperature(probabilities, 1.0) is probabilities


def test_a_truth_that_was_given_no_chance_does_not_break_the_fit() -> None:
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.2]])
    assert np.isfinite(fit_temperature(probabilities, np.array([1, 0, 0])))
