from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.errors import UsageError
from newsdesk.model.bundle_files import seal
from newsdesk.model.explain import LEAST_PROBABILITY, OTHER_TERMS, explain
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner
from tests.builders import bundle_of, fit_pipeline, sample_calibration, sample_texts
from tests.unit.model.equality import EXACT, TRAINED_ON, unseen_texts, wild_texts

LINEAR: dict[str, Any] = {
    "logistic regression": LogisticRegression(C=10),
    "sgd": SGDClassifier(loss="log_loss", random_state=1),
    "naive bayes": MultinomialNB(),
}
SAMPLED: dict[str, Any] = {
    "mlp": MLPClassifier((9,), max_iter=15, random_state=1),
    "random forest": RandomForestClassifier(20, random_state=1),
}
CLASSIFIERS = LINEAR | SAMPLED

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
of_every_kind = pytest.mark.parametrize("name", CLASSIFIERS)
of_two_classes_or_more = pytest.mark.parametrize("classes", [2, 5])


def calibrations(classes: int) -> dict[str, dict[str, Any]]:
    """What is changed in a manifest for each way of calibrating."""
    return {
        "plain": {},
        "at a temperature": {"format_version": 3, "temperature": 1.7},
        "sharpened": {"calibration": sample_calibration(classes)},
        "flattened": {"calibration": sample_calibration(classes, slope=0.6, slope_terms=9)},
    }


@cache
def fitted(name: str, classes: int = 5, kind: str = "plain") -> tuple[Predictor, Pipeline]:
    texts, categories = sample_texts(TRAINED_ON)
    wanted = classes * TRAINED_ON
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(clone(CLASSIFIERS[name]), texts[:wanted], categories[:wanted], cleaning, tfidf)
    plain = bundle_of(pipeline, cleaning, tfidf)
    manifest = plain.manifest.model_copy(update=calibrations(classes)[kind])
    return Predictor(add_golden_examples(seal(manifest, plain.vocabulary, plain.tensors))), pipeline


@of_every_kind
@of_two_classes_or_more
@settings(max_examples=10, deadline=None)
@given(
    text=wild_texts() | st.sampled_from(unseen_texts(2)),
    choice=st.integers(0, 4),
    kind=st.sampled_from([*calibrations(5)]),
)
def test_the_parts_sum_to_the_score(name: str, classes: int, text: str, choice: int, kind: str) -> None:
    predictor, _ = fitted(name, classes, kind)
    found = explain(predictor, text, predictor.classes[choice % classes])
    assert found.baseline + sum(part for _, part in found.terms) == pytest.approx(found.score, abs=1e-9)
    sizes = [abs(part) for _, part in found.terms]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", LINEAR)
@of_two_classes_or_more
def test_the_score_of_a_linear_classifier_is_that_of_scikit_learn(name: str, classes: int) -> None:
    predictor, pipeline = fitted(name, classes)
    texts = [*unseen_texts(2), ""]
    cleaned = [Cleaner(TextCleaning()).clean(text) for text in texts]
    if name == "naive bayes":
        joint = pipeline[1].predict_joint_log_proba(pipeline[0].transform(cleaned))
        expected = joint - joint.mean(axis=1, keepdims=True)
    else:
        expected = pipeline.decision_function(cleaned)
    if expected.ndim == 1:
        expected = np.column_stack([-expected, expected])
    found = [[explain(predictor, text, category).score for category in predictor.classes] for text in texts]
    assert np.abs(np.array(found) - expected).max() <= EXACT


@pytest.mark.parametrize("name", ["logistic regression", "naive bayes"])
@of_two_classes_or_more
@pytest.mark.parametrize("kind", calibrations(5))
def test_differences_of_linear_scores_are_log_odds_however_calibrated(name: str, classes: int, kind: str) -> None:
    predictor, _ = fitted(name, classes, kind)
    text = unseen_texts(1)[0]
    first, second = (explain(predictor, text, category).score for category in predictor.classes[:2])
    shares = before_the_prior(predictor, text)
    odds = np.log(shares[0] / shares[1])
    logits = first if (name, classes) == ("logistic regression", 2) else first - second
    assert logits == pytest.approx(odds, abs=1e-9)


def before_the_prior(predictor: Predictor, text: str) -> Any:
    """The probabilities of the classes before they are weighed against the prior."""
    found, calibration = predictor.predict_proba([text])[0], predictor.bundle.manifest.calibration
    if calibration is None:
        return found
    trust = calibration.trust_at(float(predictor.rows([text]).evidence[0]))
    return (found - (1 - trust) * np.array(calibration.prior)) / trust


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("kind", calibrations(5))
@of_two_classes_or_more
def test_the_score_of_other_classifiers_is_the_log_probability(name: str, classes: int, kind: str) -> None:
    predictor, _ = fitted(name, classes, kind)
    for text in [*unseen_texts(1), ""]:
        probabilities, empty = predictor.predict(text).probabilities, predictor.predict("").probabilities
        for category in predictor.classes:
            found = explain(predictor, text, category)
            assert found.score == pytest.approx(np.log(max(probabilities[category], LEAST_PROBABILITY)), abs=1e-9)
            assert found.baseline == pytest.approx(np.log(max(empty[category], LEAST_PROBABILITY)), abs=1e-9)


@of_every_kind
def test_without_a_category_the_most_probable_one_is_explained(name: str) -> None:
    predictor, _ = fitted(name)
    text = unseen_texts(1)[0]
    assert explain(predictor, text).category == predictor.predict(text).category
    assert explain(predictor, text) == explain(predictor, text, predictor.predict(text).category)


@of_every_kind
def test_a_text_without_a_known_term_scores_the_baseline(name: str) -> None:
    found = explain(fitted(name)[0], "zqx qzx")
    assert found.terms == []
    assert found.score == found.baseline


@pytest.mark.parametrize("name", ["logistic regression", *SAMPLED])
@pytest.mark.parametrize("kind", ["sharpened", "flattened"])
@of_two_classes_or_more
def test_without_a_known_term_the_baseline_is_that_of_the_prior(name: str, classes: int, kind: str) -> None:
    predictor, _ = fitted(name, classes, kind)
    prior = sample_calibration(classes).prior
    first, second = (explain(predictor, "zqx qzx", category).baseline for category in predictor.classes[:2])
    odds = np.log(prior[0] / prior[1])
    assert (first if (name, classes) == ("logistic regression", 2) else first - second) == pytest.approx(odds)


@of_every_kind
def test_a_term_that_speaks_for_a_category_has_a_part_above_zero(name: str) -> None:
    predictor, _ = fitted(name)
    text = predictor.bundle.manifest.golden[predictor.classes.index("sports")].text
    assert sum(part for _, part in explain(predictor, text, "sports").terms) > 0


@of_every_kind
def test_an_article_of_a_million_characters_is_explained_in_few_parts_or_exactly(name: str) -> None:
    predictor, _ = fitted(name)
    long = " ".join(unseen_texts(12))
    found = explain(predictor, (long * (1_000_000 // len(long) + 1))[:1_000_000])
    assert found.baseline + sum(part for _, part in found.terms) == pytest.approx(found.score, abs=1e-9)
    assert (OTHER_TERMS in dict(found.terms)) == (name in SAMPLED)
    if name in SAMPLED:
        assert len(found.terms) < 100


def test_terms_that_are_alike_for_a_classifier_have_equal_parts() -> None:
    """Shapley's symmetry, and its efficiency: a feature that changes nothing has no part."""
    predictor, _ = fitted("mlp")
    plain = predictor.bundle
    weights = plain.tensors["weights_0"].copy()
    column = {term: j for j, term in enumerate(plain.vocabulary.terms)}
    terms = [term for term in plain.vocabulary.terms if " " not in term and plain.vocabulary.forms.get(term) == term][
        :3
    ]
    twin, other, idle = (column[term] for term in terms)
    idf = plain.tensors["idf"].copy()
    weights[other], weights[idle], idf[other] = weights[twin], 0, idf[twin]
    changed = plain.tensors | {"weights_0": weights, "idf": idf}
    found = dict(
        explain(
            Predictor(add_golden_examples(seal(plain.manifest, plain.vocabulary, changed))), " zqx ".join(terms)
        ).terms
    )
    assert found[terms[0]] == pytest.approx(found[terms[1]], rel=0.2)
    assert found[terms[2]] == 0


def test_a_category_that_the_model_does_not_know_is_refused_without_repeating_it() -> None:
    with pytest.raises(UsageError, match="business, entertainment, politics, sports, technology") as refusal:
        explain(fitted("mlp")[0], "The bank", "secret words")
    assert "secret" not in str(refusal.value)
