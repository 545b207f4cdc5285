import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.term_importance import changed_shares, important_terms
from tests.builders import fitted_bundle

NAMES = st.dictionaries(st.sampled_from("abc"), st.frozensets(st.sampled_from("uvwxyz"), max_size=4))


@pytest.mark.parametrize(
    "classifier",
    [
        MultinomialNB(),
        LogisticRegression(C=10.0),
        MLPClassifier((8,), max_iter=60, alpha=1.0, random_state=0),
        RandomForestClassifier(20, random_state=0),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_what_a_category_is_about_is_important_to_it_whatever_the_classifier(classifier: Any) -> None:
    predictor = Predictor(fitted_bundle(classifier, per_category=60))
    important = important_terms(predictor)
    assert list(important) == predictor.classes
    assert "bank" in important["business"]
    assert "film" in important["entertainment"]
    assert all(0 < len(terms) <= 50 for terms in important.values())


def test_important_terms_are_those_that_a_text_of_one_word_shows_to_be(predictor: Predictor) -> None:
    """Single words as texts: the model's own way from text to probability must rank them alike."""
    words = [term for term in predictor.bundle.vocabulary.terms if " " not in term and len(term) > 3]
    probabilities = predictor.predict_proba(words)
    none = predictor.predict_proba([""])[0]
    for number, category in enumerate(predictor.classes):
        log_odds = {word: _logit(row[number]) for word, row in zip(words, probabilities.tolist(), strict=True)}
        important = important_terms(predictor, 20)[category] & log_odds.keys()
        least = min(log_odds[word] for word in important)
        assert least > _logit(none[number])
        assert sum(odds > least + 1e-9 for odds in log_odds.values()) < 20


def test_no_more_terms_than_asked_for_are_important_and_fewer_are_among_more(predictor: Predictor) -> None:
    few, many = important_terms(predictor, 3), important_terms(predictor, 30)
    for category in predictor.classes:
        assert len(few[category]) == 3
        assert few[category] < many[category]


def test_the_same_model_changes_nothing(predictor: Predictor) -> None:
    important = important_terms(predictor)
    assert changed_shares(important, important) == dict.fromkeys(predictor.classes, 0.0)


def test_the_share_is_of_the_terms_that_are_new() -> None:
    now = {
        "sport": frozenset({"goal", "cup", "race", "match"}),
        "money": frozenset({"bank"}),
        "war": frozenset({"gun"}),
    }
    before = {
        "sport": frozenset({"goal", "cup", "race", "bat"}),
        "war": frozenset({"gun", "army"}),
        "art": frozenset("a"),
    }
    assert changed_shares(now, before) == {"sport": 0.25, "money": 1.0, "war": 0.0}


@settings(max_examples=50)
@given(now=NAMES, before=NAMES)
def test_a_share_is_between_none_and_all(now: dict[str, frozenset[str]], before: dict[str, frozenset[str]]) -> None:
    shares = changed_shares(now, before)
    assert set(shares) == {category for category, terms in now.items() if terms}
    for category, share in shares.items():
        known = before.get(category, frozenset())
        assert (share == 0) is (now[category] <= known)
        assert (share == 1) is not (now[category] & known)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(fitted_bundle(LogisticRegression(C=10.0), per_category=20))


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))
