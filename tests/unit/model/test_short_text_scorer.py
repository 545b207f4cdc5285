"""The short way of a linear classifier gives what its arrays give."""

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import Predictor
from newsdesk.model.short_text_scorer import short_text_scorer
from newsdesk.model.term_counting import TermCounts
from tests.builders import bundle_of, fit_pipeline, sample_calibration, sample_texts
from tests.unit.model.equality import SEPARATORS, TRICKY

FLAT = {"slope": 0.8, "slope_terms": 4.0}
KINDS: dict[str, tuple[Any, int, dict[str, Any]]] = {
    "softmax": (LogisticRegression(), 5, {}),
    "softmax at a temperature": (LogisticRegression(), 5, {"format_version": 3, "temperature": 0.6}),
    "two classes": (LogisticRegression(), 2, {}),
    "two classes at a temperature": (LogisticRegression(), 2, {"format_version": 3, "temperature": 2.5}),
    "calibrated softmax": (LogisticRegression(), 5, {"calibration": sample_calibration(5)}),
    "flattened softmax": (LogisticRegression(), 5, {"calibration": sample_calibration(5, **FLAT)}),
    "calibrated naive Bayes": (MultinomialNB(), 5, {"calibration": sample_calibration(5)}),
    "two calibrated classes": (LogisticRegression(), 2, {"calibration": sample_calibration(2)}),
    "two flattened classes": (LogisticRegression(), 2, {"calibration": sample_calibration(2, **FLAT)}),
}


def fitted(
    classifier: Any, classes: int = 5, changes: dict[str, Any] | None = None, sublinear: bool = True
) -> Predictor:
    texts, categories = sample_texts(12)
    chosen = sorted(set(categories))[:classes]
    pairs = [(text, category) for text, category in zip(texts, categories, strict=True) if category in chosen]
    cleaning, tfidf = TextCleaning(), TfidfConfig(sublinear_tf=sublinear)
    bundle = bundle_of(fit_pipeline(classifier, *map(list, zip(*pairs, strict=True)), cleaning, tfidf), cleaning, tfidf)
    manifest = bundle.manifest.model_copy(update=changes or {})
    return Predictor(add_golden_examples(type(bundle)(manifest, bundle.vocabulary, bundle.tensors)))


@cache
def predictor(name: str) -> Predictor:
    return fitted(*KINDS[name])


def words(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*predictor(name).bundle.vocabulary.terms, *TRICKY])


def texts(name: str) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(words(name), st.sampled_from(SEPARATORS)), max_size=60)
    return pairs.map(lambda some: "".join(word + separator for word, separator in some))


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_text_alone_is_answered_as_in_a_batch(name: str, data: st.DataObject) -> None:
    text = data.draw(texts(name))
    together = predictor(name).predict_many([text, text])[0].probabilities
    alone = predictor(name).predict(text).probabilities
    assert list(alone) == list(together) or np.isclose(list(alone.values()), list(together.values()), atol=1e-12).all()
    assert alone == pytest.approx(together, abs=1e-12)


def test_terms_are_counted_as_they_are_where_their_frequency_is_not_dampened() -> None:
    plain = fitted(LogisticRegression(), sublinear=False)
    text = " ".join(["bank"] * 5 + ["film"])
    assert plain.predict(text).probabilities == pytest.approx(
        plain.predict_many([text, ""])[0].probabilities, abs=1e-12
    )


@pytest.mark.parametrize("name", ["softmax", "two classes"])
def test_more_terms_than_pay_are_left_to_the_arrays(name: str) -> None:
    bundle = predictor(name).bundle
    short = short_text_scorer(bundle, bundle.tensors["idf"].astype(np.float64))
    assert short is not None
    assert short.probabilities(TermCounts(Counter(range(10)), 1.0)) is not None
    assert short.probabilities(TermCounts(Counter(range(500)), 1.0)) is None


@pytest.mark.parametrize("classifier", [RandomForestClassifier(5, random_state=0), SGDClassifier(loss="log_loss")])
def test_a_classifier_without_a_short_way_has_none(classifier: Any) -> None:
    bundle = fitted(classifier).bundle
    assert short_text_scorer(bundle, bundle.tensors["idf"].astype(np.float64)) is None
