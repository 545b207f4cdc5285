from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB
from sklearn.neighbors import KNeighborsClassifier

from newsdesk.config.model_config import TextCleaning
from newsdesk.model.bundle import Vocabulary
from newsdesk.model.estimator_compiler import compile_classifier, compile_vocabulary
from newsdesk.text.cleaning import Cleaner


def fit_on_numbers(classifier: Any, classes: int = 3) -> Any:
    rows = np.random.default_rng(1).random((30, 4))
    return classifier.fit(rows, [f"class {i % classes}" for i in range(30)])


def vocabulary_of(*texts: str, cleaning: TextCleaning, **tfidf: Any) -> Vocabulary:
    clean = Cleaner(cleaning).clean
    vectorizer = TfidfVectorizer(lowercase=False, **tfidf).fit([clean(text) for text in texts])
    return compile_vocabulary(vectorizer, cleaning)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "classifier",
    [
        KNeighborsClassifier(),
        SGDClassifier(loss="modified_huber"),
        SGDClassifier(loss="hinge"),
        BernoulliNB(),
        ComplementNB(),
        GradientBoostingClassifier(n_estimators=2),
    ],
    ids=lambda classifier: repr(classifier),
)
def test_a_classifier_that_no_bundle_can_hold_compiles_to_none(classifier: Any, classes: int) -> None:
    assert compile_classifier(fit_on_numbers(classifier, classes)) is None


def test_terms_are_listed_in_the_order_of_their_columns() -> None:
    cleaning = TextCleaning()
    texts = ["Striker scores twice", "Bank raises forecast", "Striker joins bank"]
    clean = Cleaner(cleaning).clean
    vectorizer = TfidfVectorizer(lowercase=False, ngram_range=(1, 2)).fit([clean(text) for text in texts])
    assert compile_vocabulary(vectorizer, cleaning).terms == vectorizer.get_feature_names_out().tolist()


def test_a_form_leads_to_its_lemma_where_a_term_has_it() -> None:
    forms = vocabulary_of("The championship match", cleaning=TextCleaning()).forms
    assert (forms["championship"], forms["championships"], forms["matches"]) == (
        "championship",
        "championship",
        "match",
    )
    assert "elections" not in forms


def test_without_lemmas_only_the_very_word_counts() -> None:
    forms = vocabulary_of("The championship match", cleaning=TextCleaning(lemmatization=False)).forms
    assert forms["championship"] == "championship"
    assert "championships" not in forms


def test_a_form_that_disappears_is_passed_over() -> None:
    """Stop words of ours, stop words of scikit-learn's, and words whose lemma is a single letter."""
    kept = TextCleaning(remove_stopwords=False)
    assert vocabulary_of("the match", cleaning=TextCleaning()).forms["the"] is None
    assert vocabulary_of("the match", cleaning=kept, stop_words=["match"]).forms["matches"] is None
    assert vocabulary_of("the match", cleaning=kept).forms["us"] is None
    assert vocabulary_of("the match", cleaning=kept).forms["the"] == "the"
