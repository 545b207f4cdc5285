from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Vocabulary
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.features import TfidfFeatures
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import Cleaner
from tests.builders import bundle_of, fit_pipeline, sample_texts
from tests.unit.model.equality import EXACT, TRAINED_ON, largest_difference, unseen_texts, wild_texts

SETTINGS: dict[str, tuple[TextCleaning, TfidfConfig]] = {
    "the defaults": (TextCleaning(), TfidfConfig()),
    "capitals kept": (TextCleaning(lowercase=False), TfidfConfig()),
    "punctuation kept": (TextCleaning(remove_punctuation=False), TfidfConfig()),
    "numbers removed": (TextCleaning(remove_numbers=True), TfidfConfig()),
    "numbers removed, punctuation kept": (TextCleaning(remove_numbers=True, remove_punctuation=False), TfidfConfig()),
    "stop words kept": (TextCleaning(remove_stopwords=False), TfidfConfig(stop_words=None)),
    "stop words kept by cleaning alone": (TextCleaning(remove_stopwords=False), TfidfConfig()),
    "no lemmas": (TextCleaning(lemmatization=False), TfidfConfig()),
    "all switches off": (
        TextCleaning(lowercase=False, remove_punctuation=False, remove_stopwords=False, lemmatization=False),
        TfidfConfig(stop_words=None),
    ),
    "words alone": (TextCleaning(), TfidfConfig(ngram_range=(1, 1))),
    "pairs alone": (TextCleaning(), TfidfConfig(ngram_range=(2, 2))),
    "up to three words": (TextCleaning(), TfidfConfig(ngram_range=(1, 3))),
    "counts as they are": (TextCleaning(), TfidfConfig(sublinear_tf=False)),
    "no stop words of scikit-learn": (TextCleaning(), TfidfConfig(stop_words=None)),
    "stop words of the user's": (TextCleaning(), TfidfConfig(stop_words=["bank", "team", "year", "Monday", "zqx"])),
    "few features": (TextCleaning(), TfidfConfig(max_features=40)),
    "every term": (TextCleaning(), TfidfConfig(max_features=None, min_df=1, max_df=1.0)),
    "terms of some documents": (TextCleaning(), TfidfConfig(min_df=0.02, max_df=20)),
}

BETWEEN = ["", "-", "x", "5", "12", "²²", "٣٤", "the", "us", "US", "zqx", "_", "\ud800", "bank"]

under_every_setting = pytest.mark.parametrize("name", SETTINGS)


@cache
def fitted(name: str) -> tuple[TfidfFeatures, Predictor, Pipeline]:
    cleaning, tfidf = SETTINGS[name]
    pipeline = fit_pipeline(LogisticRegression(C=10), *sample_texts(TRAINED_ON), cleaning, tfidf)
    bundle = bundle_of(pipeline, cleaning, tfidf)
    idf = bundle.tensors["idf"].astype(np.float64)
    return TfidfFeatures(bundle.vocabulary, idf, cleaning, tfidf), Predictor(bundle), pipeline


def default_row(text: str) -> CsrMatrix:
    features, _, _ = fitted("the defaults")
    return features.rows([text])


@under_every_setting
def test_unseen_articles_get_the_features_of_scikit_learn(name: str) -> None:
    features, _, pipeline = fitted(name)
    texts = unseen_texts(6)
    clean = Cleaner(SETTINGS[name][0]).clean
    expected = pipeline[0].transform([clean(text) for text in texts]).toarray()
    found = np.zeros_like(expected)
    for i, text in enumerate(texts):
        row = features.rows([text])
        found[i, row.columns] = row.values
    assert expected.any()
    assert np.abs(found - expected).max() <= EXACT


@under_every_setting
def test_unseen_articles_get_the_probabilities_of_scikit_learn(name: str) -> None:
    _, predictor, pipeline = fitted(name)
    assert largest_difference(predictor, pipeline, unseen_texts(6)) <= EXACT


@under_every_setting
@settings(max_examples=20, deadline=None)
@given(texts=st.lists(wild_texts(), min_size=1, max_size=5))
def test_any_string_at_all_gets_the_probabilities_of_scikit_learn(name: str, texts: list[str]) -> None:
    _, predictor, pipeline = fitted(name)
    assert largest_difference(predictor, pipeline, texts) <= EXACT


@pytest.mark.parametrize("text", ["", " \n", "the of and", "zqx qzx", "\ud800", "?!"])
def test_a_text_without_a_known_word_has_no_features(text: str) -> None:
    assert len(default_row(text).columns) == 0


@settings(max_examples=50, deadline=None)
@given(text=wild_texts())
def test_a_row_has_length_one_or_zero_and_names_each_column_once(text: str) -> None:
    row = default_row(text)
    assert len(set(row.columns.tolist())) == len(row.columns) == len(row.values)
    assert np.linalg.norm(row.values) == pytest.approx(1 if len(row.columns) else 0)


@under_every_setting
def test_what_stands_between_two_words_counts_as_scikit_learn_counts_it(name: str) -> None:
    _, predictor, pipeline = fitted(name)
    longest_first = sorted(pipeline[0].vocabulary_, key=lambda term: (-term.count(" "), term))
    words = " ".join(longest_first[:15]).split(" ")
    assert largest_difference(predictor, pipeline, [f" {between} ".join(words) for between in BETWEEN]) <= EXACT


def test_a_stop_word_between_two_words_does_not_part_the_pair_but_an_unknown_word_does() -> None:
    features, _, pipeline = fitted("pairs alone")
    first, second = next(iter(pipeline[0].vocabulary_)).split(" ")
    for between, known in {" ": 1, " of the ": 1, " x ": 1, " zqx ": 0}.items():
        assert len(features.rows([f"{first}{between}{second}"]).columns) == known


@pytest.mark.parametrize("known", ["می\u200cخواهم", "1\ufe0f\u20e3", "co\u200doperate"])
def test_a_vocabulary_with_words_that_hold_the_invisible_is_read_as_it_was_learnt(known: str) -> None:
    """From before they were dropped: what such a model was measured with is what it answers with."""
    vocabulary = Vocabulary(terms=[known, "rain"], forms={known: known, "rain": "rain"})
    features = TfidfFeatures(vocabulary, np.ones(2), TextCleaning(), TfidfConfig())
    for text in (f"{known} rain", f"{known} rain {'x ' * 5000}"):
        assert features.rows([text]).columns.tolist() == [0, 1]
        assert features.rows([text, "x"]).columns.tolist() == [0, 1]


def test_a_vocabulary_without_them_knows_words_in_which_they_stand() -> None:
    vocabulary = Vocabulary(terms=["rain", "supermarket"], forms={"rain": "rain", "supermarket": "supermarket"})
    features = TfidfFeatures(vocabulary, np.ones(2), TextCleaning(), TfidfConfig())
    for text in ("ra\u200bin super\u00admarket", f"ra\u200bin super\u00admarket {'é ' * 5000}"):
        assert features.rows([text]).columns.tolist() == [0, 1]
        assert features.rows([text, "x"]).columns.tolist() == [0, 1]
