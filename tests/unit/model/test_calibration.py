"""What calibration promises of any scores: laws, not figures."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

from newsdesk.model.bundle_files import seal
from newsdesk.model.calibration import Calibration, Scores, at_temperature, calibrated, evidence_of
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import Predictor
from tests.builders import fitted_bundle, sample_calibration
from tests.unit.model.equality import EXACT, TRAINED_ON, unseen_texts, wild_texts

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS: dict[str, Any] = {
    "softmax": LogisticRegression(C=10),
    "one against the rest": SGDClassifier(loss="log_loss", random_state=1),
    "naive Bayes": MultinomialNB(),
    "mlp": MLPClassifier((9,), max_iter=15, random_state=1),
    "forest": RandomForestClassifier(20, random_state=1),
}
WITHOUT_A_KNOWN_WORD = ["", " ", "zzzz qqqq xxxx wwww vvvv", "\u00bf 0_0 ?", "the of and", "\u65b0\u805e", "qx " * 5000]


@cache
def predictor_of(kind: str) -> Predictor:
    plain = fitted_bundle(clone(KINDS[kind]), TRAINED_ON)
    manifest = plain.manifest.model_copy(update={"calibration": sample_calibration()})
    return Predictor(add_golden_examples(seal(manifest, plain.vocabulary, plain.tensors)))


of_every_kind = pytest.mark.parametrize("kind", KINDS)
values = arrays(np.float64, st.integers(2, 6), elements=st.floats(-30, 30))
calibrations = st.builds(
    dict, slope=st.floats(0.01, 100), slope_terms=st.floats(0.001, 100), prior_terms=st.floats(0.001, 100)
)


def answer(total: Any, intercepts: Any, evidence: float, calibration: Calibration) -> Any:
    return calibrated(Scores(total[None, :], intercepts[None, :], np.array([evidence])), calibration)[0]


@of_every_kind
def test_where_no_word_is_known_the_answer_is_the_training_prior(kind: str) -> None:
    predictor, prior = predictor_of(kind), sample_calibration().prior
    assert predictor.predict_proba(WITHOUT_A_KNOWN_WORD) == pytest.approx(np.tile(prior, (7, 1)), abs=1e-15)
    for text in WITHOUT_A_KNOWN_WORD:
        alone = predictor.predict(text).probabilities
        assert [alone[name] for name in predictor.classes] == pytest.approx(prior, abs=1e-15)


@of_every_kind
@settings(max_examples=30, deadline=None)
@given(text=wild_texts())
def test_a_text_alone_is_answered_as_in_a_batch(kind: str, text: str) -> None:
    predictor = predictor_of(kind)
    together = predictor.predict_many([text, "The bank", ""])[0]
    assert predictor.predict(text).probabilities == pytest.approx(together.probabilities, abs=EXACT)
    in_parts = predictor.predict_proba([text, "x " * 2000, text])
    assert np.abs(in_parts[0] - in_parts[2]).max() <= EXACT


@of_every_kind
def test_words_that_are_not_known_make_it_less_sure(kind: str) -> None:
    for text in unseen_texts(1):
        confident = predictor_of(kind).predict(text)
        doubtful = predictor_of(kind).predict(text + " zqx" * len(text.split()) * 4)
        assert doubtful.probabilities[confident.category] < confident.confidence


@of_every_kind
def test_the_scores_are_the_logarithms_of_the_classifier(kind: str) -> None:
    plain = Predictor(fitted_bundle(clone(KINDS[kind]), TRAINED_ON))
    rows = plain.rows(unseen_texts(1))
    scores = np.exp(plain.scores(rows).values)
    assert scores / scores.sum(axis=1, keepdims=True) == pytest.approx(plain.probabilities(rows), abs=1e-5)


@given(total=values, evidence=st.floats(0, 1e4), settings_=calibrations, data=st.data())
def test_probabilities_are_shares_of_one_and_bounded_by_the_evidence(
    total: Any, evidence: float, settings_: dict[str, float], data: st.DataObject
) -> None:
    intercepts = data.draw(arrays(np.float64, len(total), elements=st.floats(-30, 30)))
    calibration = sample_calibration(len(total), **settings_)
    found = answer(total, intercepts, evidence, calibration)
    assert found.sum() == pytest.approx(1)
    assert found.min() >= 0
    trust = calibration.trust_at(evidence)
    assert found.max() <= trust + (1 - trust) * max(calibration.prior) + 1e-12


@given(total=values, settings_=calibrations, less=st.floats(0, 1e3), more=st.floats(0, 1e3))
def test_the_more_evidence_the_more_sure_of_the_class_that_the_text_speaks_for(
    total: Any, settings_: dict[str, float], less: float, more: float
) -> None:
    """Where the intercept is the prior's, and the class that leads is the most frequent: nothing else can pull."""
    assume(less <= more)
    calibration = sample_calibration(len(total), **settings_)
    total = np.sort(total)  # the last class is the most frequent
    intercepts = np.log(calibration.prior)
    sure = [answer(total + intercepts, intercepts, evidence, calibration)[-1] for evidence in (less, more)]
    assert sure[0] <= sure[1] + 1e-12


@given(total=values, settings_=calibrations, evidence=st.floats(0, 1e4), slope=st.floats(1, 100))
def test_the_intercept_is_never_sharpened(
    total: Any, settings_: dict[str, float], evidence: float, slope: float
) -> None:
    """Of a text that says nothing, though it has known terms, the odds of any two classes are at any slope between
    those of the prior and those of the classifier as it was fitted."""
    calibration = sample_calibration(len(total), **settings_ | {"slope": slope})
    assume(np.ptp(total) < 30)
    found, prior = np.log(answer(total, total, evidence, calibration)), np.log(calibration.prior)
    odds, *ends = (each[:, None] - each for each in (found, prior, total))
    assert (odds >= np.minimum(*ends) - 1e-6).all()
    assert (odds <= np.maximum(*ends) + 1e-6).all()


@given(total=values, settings_=calibrations, evidence=st.floats(0.01, 1e4))
def test_equal_priors_and_intercepts_leave_the_ranking_as_it_is(
    total: Any, settings_: dict[str, float], evidence: float
) -> None:
    calibration = sample_calibration(len(total), **settings_, prior=[1 / len(total)] * len(total))
    found = answer(total, np.zeros(len(total)), evidence, calibration)
    assert (np.diff(found[np.argsort(total)]) >= -1e-12).all()


def test_a_slope_of_one_leaves_a_classifier_as_it_was_fitted() -> None:
    plain = Predictor(fitted_bundle(LogisticRegression(C=10), TRAINED_ON))
    calibration = sample_calibration(slope=1.0, slope_terms=1e-9, prior_terms=1e-9)
    rows = plain.rows(unseen_texts(2))
    assert calibrated(plain.scores(rows), calibration) == pytest.approx(plain.probabilities(rows), abs=1e-7)


def test_evidence_is_the_known_terms_discounted_by_the_unknown_words() -> None:
    assert (evidence_of(10, 1.0), evidence_of(10, 0.5), evidence_of(0, 0.0)) == (10, 2.5, 0)
    rows = predictor_of("softmax").rows(["bank bank qqqq zzzz", "bank", "qqqq", ""])
    assert rows.evidence.tolist() == [0.25, 1, 0, 0]


two_dimensions = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 6)), elements=st.floats(-30, 30))


def shares(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@settings(deadline=None)
@given(scores=two_dimensions, temperature=st.floats(0.05, 20))
def test_a_temperature_divides_the_scores_that_the_probabilities_came_from(scores: Any, temperature: float) -> None:
    assert at_temperature(shares(scores), temperature) == pytest.approx(shares(scores / temperature), abs=1e-9)


@settings(deadline=None)
@given(scores=two_dimensions, temperature=st.floats(0.05, 20))
def test_a_temperature_keeps_shares_of_one_and_never_turns_two_classes_round(scores: Any, temperature: float) -> None:
    before = shares(scores)
    after = at_temperature(before, temperature)
    assert after.sum(axis=1) == pytest.approx(1)
    for old, new in zip(before, after, strict=True):
        assert (np.diff(new[np.argsort(old)]) >= -1e-12).all()


def test_classes_of_probability_zero_stay_at_zero() -> None:
    certain = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    assert at_temperature(certain, 3).tolist() == certain.tolist()
