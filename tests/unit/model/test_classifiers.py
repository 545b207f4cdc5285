from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Bundle
from newsdesk.model.classifiers import ForestClassifier
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.estimator_compiler import compile_classifier
from newsdesk.model.predictor import Predictor
from tests.builders import bundle_of, fit_pipeline, sample_texts
from tests.unit.model.equality import EXACT, TRAINED_ON, largest_difference, unseen_texts, wild_texts

CLASSIFIERS: dict[str, Any] = {
    "mlp relu": MLPClassifier((9,), activation="relu", max_iter=15, random_state=1),
    "mlp tanh": MLPClassifier((9,), activation="tanh", max_iter=15, random_state=1),
    "mlp logistic": MLPClassifier((9,), activation="logistic", max_iter=15, random_state=1),
    "mlp identity": MLPClassifier((9,), activation="identity", max_iter=15, random_state=1),
    "mlp of three hidden layers": MLPClassifier((9, 7, 5), max_iter=15, random_state=1),
    "logistic regression": LogisticRegression(C=10),
    "logistic regression through the origin": LogisticRegression(fit_intercept=False),
    "naive bayes": MultinomialNB(),
    "naive bayes with one prior for all": MultinomialNB(alpha=0.1, fit_prior=False),
    "sgd": SGDClassifier(loss="log_loss", random_state=1),
    "random forest": RandomForestClassifier(20, random_state=1),
    "balanced random forest": RandomForestClassifier(20, max_depth=4, class_weight="balanced", random_state=1),
    "extra trees": ExtraTreesClassifier(20, random_state=1),
    "decision tree": DecisionTreeClassifier(random_state=1),
    "extra tree": ExtraTreeClassifier(max_depth=5, random_state=1),
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
of_two_classes_or_more = pytest.mark.parametrize("classes", [2, 5])


@cache
def fitted(name: str, classes: int) -> tuple[Predictor, Pipeline]:
    texts, categories = sample_texts(TRAINED_ON)
    wanted = classes * TRAINED_ON
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(clone(CLASSIFIERS[name]), texts[:wanted], categories[:wanted], cleaning, tfidf)
    return Predictor(bundle_of(pipeline, cleaning, tfidf)), pipeline


@every_classifier
@of_two_classes_or_more
def test_unseen_articles_get_the_probabilities_of_scikit_learn(name: str, classes: int) -> None:
    predictor, pipeline = fitted(name, classes)
    assert len(predictor.classes) == classes
    assert largest_difference(predictor, pipeline, unseen_texts()) <= EXACT


@every_classifier
@of_two_classes_or_more
@settings(max_examples=12, deadline=None)
@given(texts=st.lists(wild_texts(), min_size=1, max_size=6))
def test_any_string_at_all_gets_the_probabilities_of_scikit_learn(name: str, classes: int, texts: list[str]) -> None:
    predictor, pipeline = fitted(name, classes)
    assert largest_difference(predictor, pipeline, texts) <= EXACT


@every_classifier
@of_two_classes_or_more
def test_a_text_without_a_known_word_gets_the_probabilities_of_scikit_learn(name: str, classes: int) -> None:
    predictor, pipeline = fitted(name, classes)
    assert largest_difference(predictor, pipeline, ["", "the of and", "zqx qzx", "\ud800"]) <= EXACT


@every_classifier
@of_two_classes_or_more
def test_the_probabilities_of_a_text_are_shares_of_one(name: str, classes: int) -> None:
    predictor, _ = fitted(name, classes)
    probabilities = predictor.predict_proba([*unseen_texts(3), "", "zqx"])
    assert probabilities.min() >= 0
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-12)


@every_classifier
@of_two_classes_or_more
def test_a_batch_says_what_its_texts_say_one_by_one(name: str, classes: int) -> None:
    predictor, _ = fitted(name, classes)
    texts = [*unseen_texts(3), "", "zqx"]
    singles = np.concatenate([predictor.predict_proba([text]) for text in texts])
    assert predictor.predict_proba(texts) == pytest.approx(singles, abs=1e-12)


@every_classifier
def test_an_empty_batch_has_no_rows(name: str) -> None:
    predictor, _ = fitted(name, 5)
    assert predictor.predict_proba([]).shape == (0, 5)


@pytest.mark.parametrize("scale", [1e3, 1e6, 1e300])
@pytest.mark.parametrize("name", ["logistic regression", "sgd", "naive bayes", "mlp logistic", "mlp relu"])
@of_two_classes_or_more
def test_scores_of_any_size_give_finite_probabilities(name: str, classes: int, scale: float) -> None:
    predictor, _ = fitted(name, classes)
    bundle = predictor.bundle
    last = max(key for key in bundle.tensors if key.startswith("intercepts"))
    tensors = {key: tensor * scale if key == last else tensor for key, tensor in bundle.tensors.items()}
    scaled = Bundle(bundle.manifest.model_copy(update={"golden": []}), bundle.vocabulary, tensors)
    probabilities = Predictor(scaled).predict_proba(["", "bank"])
    assert np.isfinite(probabilities).all()
    assert probabilities.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("low", [1000 + 1 / 16384, 1000 + 2 / 16384, 1000 + 3 / 16384])
@pytest.mark.parametrize("gap", [1, 2, 3])
def test_a_feature_at_the_very_threshold_goes_where_scikit_learn_sends_it(low: float, gap: int) -> None:
    """scikit-learn compares features as float32, whose neighbours near 1000 are 1/16384 apart."""
    high = low + gap / 16384
    tree = DecisionTreeClassifier(random_state=1).fit([[low], [high]], ["low", "high"])
    compiled = compile_classifier(tree)
    assert compiled is not None
    forest = ForestClassifier(compiled[1], 1)
    threshold = tree.tree_.threshold[0]
    for value in (low, high, threshold, np.nextafter(threshold, 0), np.nextafter(threshold, 2000)):
        row = CsrMatrix(np.array([0, 1]), np.array([0]), np.array([value]))
        assert forest.probabilities(row).tolist() == tree.predict_proba([[value]]).tolist()
