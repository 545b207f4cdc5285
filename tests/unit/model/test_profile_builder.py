"""The reference profile: taken, kept, checked."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.naive_bayes import MultinomialNB

from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle, save_bundle, seal
from newsdesk.model.predictor import Predictor
from newsdesk.model.profile_builder import add_profile
from newsdesk.model.reference_profile import MOST_SAMPLED, MOST_WATCHED, REFERENCE_SAMPLE, WATCHED_TERMS, unpack_bits
from tests.builders import fitted_bundle, sample_texts

TEXTS = sample_texts(40)[0][30:]


@pytest.fixture(scope="module")
def profiled() -> Bundle:
    return add_profile(fitted_bundle(MultinomialNB(), per_category=30), TEXTS)


@pytest.fixture(scope="module")
def predictor(profiled: Bundle) -> Predictor:
    return Predictor(profiled)


def test_a_profile_counts_every_text_once_in_each_of_its_parts(profiled: Bundle) -> None:
    profile = profiled.manifest.profile
    assert profile is not None
    assert profile.articles == len(TEXTS)
    counts = (profile.confidence, profile.text_length, profile.known_words)
    assert [sum(histogram) for histogram in counts] == [len(TEXTS)] * 3
    assert sum(profile.categories.values()) == sum(profile.languages.values()) == len(TEXTS)
    predicted = [Predictor(profiled).predict(text).category for text in TEXTS]
    assert profile.categories == {name: predicted.count(name) for name in profiled.manifest.classes}


def test_the_same_texts_give_the_same_bundle(profiled: Bundle) -> None:
    assert add_profile(fitted_bundle(MultinomialNB(), per_category=30), TEXTS).digest == profiled.digest


def test_a_profile_changes_no_answer(profiled: Bundle) -> None:
    plain = Predictor(fitted_bundle(MultinomialNB(), per_category=30))
    assert (Predictor(profiled).predict_proba(TEXTS) == plain.predict_proba(TEXTS)).all()


def test_a_profile_outlives_the_disk(profiled: Bundle, tmp_path: Path) -> None:
    save_bundle(profiled, tmp_path / "bundle")
    loaded = load_bundle(tmp_path / "bundle")
    assert loaded.manifest == profiled.manifest
    assert (loaded.tensors[REFERENCE_SAMPLE] == profiled.tensors[REFERENCE_SAMPLE]).all()


def test_the_watched_terms_are_those_of_most_texts(profiled: Bundle) -> None:
    rows = Predictor(profiled).rows(TEXTS)
    in_texts = np.bincount(rows.columns, minlength=profiled.manifest.feature_count)
    watched = profiled.tensors[WATCHED_TERMS]
    assert len(watched) <= MOST_WATCHED
    assert in_texts[watched].min() >= np.delete(in_texts, watched).max()


def test_the_bits_of_a_text_are_its_watched_terms(profiled: Bundle) -> None:
    predictor, watched = Predictor(profiled), profiled.tensors[WATCHED_TERMS]
    for number, text in enumerate(TEXTS[:20]):
        bits = np.unpackbits(unpack_bits(predictor.text_stats(text).terms), count=len(watched)).astype(bool)
        assert set(watched[bits]) == set(predictor.rows([text]).columns) & set(watched)
        assert (profiled.tensors[REFERENCE_SAMPLE][number] == unpack_bits(predictor.text_stats(text).terms)).all()


@given(text=st.text())
def test_any_text_has_traits(text: str, predictor: Predictor) -> None:
    traits = predictor.text_stats(text)
    assert 0 <= traits.known_share <= 1
    assert len(traits.terms) == 2 * predictor.bundle.tensors[REFERENCE_SAMPLE].shape[1]


def test_the_known_share_is_that_of_the_words_that_occur_in_the_vocabulary(profiled: Bundle) -> None:
    predictor = Predictor(profiled)
    assert predictor.text_stats("company company zqxzqx").known_share == pytest.approx(2 / 3)
    assert predictor.text_stats("zqxzqx").known_share == 0
    assert predictor.text_stats("the").known_share == 0  # passed over: no word is left
    assert predictor.text_stats("").known_share == 0


def test_a_bundle_without_a_profile_watches_nothing() -> None:
    assert Predictor(fitted_bundle(MultinomialNB(), per_category=10)).text_stats("company").terms == ""


def test_a_bundle_measured_on_nothing_has_no_profile() -> None:
    assert add_profile(fitted_bundle(MultinomialNB(), per_category=10), []).manifest.profile is None


@pytest.mark.parametrize(
    ("tensor", "value"),
    [
        (WATCHED_TERMS, np.array([10**6], dtype=np.int32)),
        (WATCHED_TERMS, np.array([-1], dtype=np.int32)),
        (WATCHED_TERMS, np.array([3, 3], dtype=np.int32)),
        (WATCHED_TERMS, np.array([0.5], dtype=np.float32)),
        (WATCHED_TERMS, np.arange(MOST_WATCHED + 1, dtype=np.int32)),
        (REFERENCE_SAMPLE, np.zeros((3, 1), dtype=np.uint8)),
        (REFERENCE_SAMPLE, np.zeros(64, dtype=np.uint8)),
        (REFERENCE_SAMPLE, np.zeros((0, 64), dtype=np.uint8)),
        (REFERENCE_SAMPLE, np.zeros((3, 64), dtype=np.int32)),
        (REFERENCE_SAMPLE, np.zeros((MOST_SAMPLED + 1, 64), dtype=np.uint8)),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(profiled: Bundle, tensor: str, value: np.ndarray) -> None:
    forged = seal(profiled.manifest, profiled.vocabulary, profiled.tensors | {tensor: value})
    with pytest.raises(BundleError, match="does not fit together"):
        Predictor(forged)


@pytest.mark.parametrize("tensor", [WATCHED_TERMS, REFERENCE_SAMPLE])
def test_a_profile_that_lacks_a_part_is_refused(profiled: Bundle, tensor: str) -> None:
    tensors = {name: value for name, value in profiled.tensors.items() if name != tensor}
    with pytest.raises(BundleError, match="lacks"):
        Predictor(seal(profiled.manifest, profiled.vocabulary, tensors))
