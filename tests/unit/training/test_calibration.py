import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.model.calibration import Calibration, Scores, calibrated
from newsdesk.training.calibration import ScoredTexts, expected_calibration_error, fit_calibration

PRIOR = [0.4, 0.3, 0.2, 0.1]


def drawn(truly: Calibration, texts: int = 4000) -> ScoredTexts:
    """Texts of little and of much evidence, whose classes come up as often as `truly` says."""
    rng = np.random.default_rng(1)
    scores = Scores(
        rng.normal(0, 1, size=(texts, 4)), np.zeros((1, 4)), rng.choice([0.0, 1.0, 3.0, 10.0, 40.0], size=texts)
    )
    return ScoredTexts(scores, np.array([rng.choice(4, p=row) for row in calibrated(scores, truly)]))


def error(scored: ScoredTexts, calibration: Calibration) -> float:
    probabilities = calibrated(scored.scores, calibration)
    return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == scored.truth)


@pytest.mark.parametrize("slope", [0.5, 2.0, 9.0])
@pytest.mark.parametrize("terms", [1.0, 8.0])
def test_the_calibration_that_honest_texts_were_drawn_from_is_found(slope: float, terms: float) -> None:
    truly = Calibration(prior=PRIOR, slope=slope, slope_terms=terms, prior_terms=0.2)
    scored = drawn(truly)
    found = fit_calibration(scored, [4000, 3000, 2000, 1000])
    assert found.prior == PRIOR
    for evidence in (1, 10, 40):
        assert found.slope_at(evidence) == pytest.approx(truly.slope_at(evidence), rel=0.25, abs=0.2)
    assert error(scored, found) < 0.03


def test_scores_that_promise_too_much_are_brought_down() -> None:
    scored = drawn(Calibration(prior=PRIOR, slope=1.0, slope_terms=2.0, prior_terms=0.5))
    boastful = Calibration(prior=PRIOR, slope=20.0, slope_terms=0.01, prior_terms=0.01)
    assert error(scored, boastful) > 0.2
    assert error(scored, fit_calibration(scored, [400, 300, 200, 100])) < 0.03


@settings(max_examples=15, deadline=None)
@given(members=st.integers(2, 3000), margin=st.floats(0.01, 50))
def test_no_collection_however_separable_makes_it_certain(members: int, margin: float) -> None:
    """Every text is right by a margin: targets of one would make the slope as large as it may be."""
    truth = np.repeat([0, 1], members)
    values = np.where(np.eye(2)[truth] > 0, margin, 0.0)
    scored = ScoredTexts(Scores(values, np.zeros((1, 2)), np.full(len(truth), 30.0)), truth)
    confidence = calibrated(scored.scores, fit_calibration(scored, [members, members])).max()
    # The bounds of the slope end it for a margin that is hardly there, and what no slope can bring down is left.
    assert confidence <= max((members + 1) / (members + 2) + 0.01, 1 / (1 + np.exp(-0.01 * margin)))
    assert confidence < 1


def test_a_truth_that_was_given_no_chance_does_not_break_the_fit() -> None:
    values = np.array([[0.0, -1e300], [0.0, -1e300], [0.0, -1.0]])
    scored = ScoredTexts(Scores(values, np.zeros((1, 2)), np.ones(3)), np.array([1, 0, 0]))
    found = calibrated(scored.scores, fit_calibration(scored, [2, 1]))
    assert np.isfinite(found).all()


def test_the_error_is_the_mean_gap_of_confidence_and_accuracy() -> None:
    confidence, is_right = np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, False, True, True])
    assert expected_calibration_error(confidence, is_right) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)
