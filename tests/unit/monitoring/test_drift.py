"""Scores of windows against a real bundle's profile."""

import warnings
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.pipeline_config import DriftThresholds
from newsdesk.model.predictor import Predictor
from newsdesk.model.profile_builder import add_profile
from newsdesk.monitoring.drift import DriftReference, drift_scores, jensen_shannon, same_distribution, window_state
from newsdesk.monitoring.missing_scores import missing_scores
from newsdesk.monitoring.report import DriftFeature, DriftScore
from newsdesk.monitoring.window_counts import WindowCounts
from newsdesk.sample import CATEGORIES, read_articles
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.text.language import guess_language
from tests.builders import fitted_bundle

THRESHOLDS = DriftThresholds()
histograms = arrays(np.float64, 8, elements=st.integers(0, 400).map(float)).filter(lambda counts: counts.sum() > 0)


def unseen(part: int) -> list[str]:
    """Texts that the bundle was not fitted on, in two parts."""
    texts = [
        join_title_and_text(article.title, article.text)
        for category in CATEGORIES
        for article in list(read_articles(category))[60:]
    ]
    return texts[part::2]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(add_profile(fitted_bundle(MultinomialNB(), per_category=60), unseen(0)))


def scores_of(predictor: Predictor, texts: list[str], min_texts: int = 100) -> dict[DriftFeature, DriftScore]:
    tally = WindowCounts(predictions=len(texts))
    answers, traits = predictor.predict_many(texts), [predictor.text_stats(text) for text in texts]
    lengths = np.array([len(text) for text in texts])
    tally.count([answer.category for answer in answers], np.array([answer.confidence for answer in answers]), lengths)
    tally.count_sampled(np.array([each.known_share for each in traits]), [guess_language(text) for text in texts])
    terms = [each.terms for each in traits]
    scores = drift_scores(DriftReference(predictor.bundle), tally, terms, THRESHOLDS, min_texts)
    return {score.feature: score for score in scores}


def detected(scores: dict[DriftFeature, DriftScore]) -> set[DriftFeature]:
    return {feature for feature, score in scores.items() if score.detected}


def test_more_of_the_same_is_no_drift(predictor: Predictor) -> None:
    scores = scores_of(predictor, unseen(1))
    assert len(scores) == 7
    assert detected(scores) == set()
    assert window_state(list(scores.values())) == "none"


def test_a_category_that_disappears_is_seen_in_the_mix_and_confirmed(predictor: Predictor) -> None:
    texts = [text for text in unseen(1) if predictor.predict(text).category != "sports"]
    scores = scores_of(predictor, texts)
    assert "category_mix" in detected(scores)
    assert scores["category_mix"].detail.startswith("sports: ")
    assert "→ 0%" in scores["category_mix"].detail


def test_headlines_instead_of_articles_are_seen_in_length_and_words(predictor: Predictor) -> None:
    scores = scores_of(predictor, [text[:60] for text in unseen(1)])
    assert {"text_length", "confidence", "top_terms", "domain_classifier"} <= detected(scores)
    assert window_state(list(scores.values())) == "confirmed"


def test_another_language_is_seen_in_language_and_known_words(predictor: Predictor) -> None:
    texts = [f"Der Rat hat am {i}. Mai nicht mit der Mehrheit für das neue Gesetz gestimmt." for i in range(150)]
    assert {"language", "known_words"} <= detected(scores_of(predictor, texts))


def test_few_texts_are_not_judged(predictor: Predictor) -> None:
    scores = scores_of(predictor, unseen(1)[:99])
    assert scores == {}
    assert window_state([]) == "too_few"


def test_a_score_beyond_its_threshold_by_chance_is_not_drift(predictor: Predictor) -> None:
    """Thresholds that every window exceeds, and a significance that no window reaches."""
    tally = WindowCounts()
    texts = unseen(1)[:120]
    answers = predictor.predict_many(texts)
    tally.count([answer.category for answer in answers], np.array([0.5] * 120), np.array([10] * 120))
    thresholds = DriftThresholds(category_mix=0.0, significance=1e-300)
    scores = drift_scores(DriftReference(predictor.bundle), tally, [], thresholds, 100)
    assert [score.detected for score in scores if score.feature == "category_mix"] == [False]


@given(histograms)
def test_a_distribution_is_at_no_distance_from_itself(counts: np.ndarray) -> None:
    assert jensen_shannon(counts, counts) == 0
    assert same_distribution(counts, counts) == 1


@given(histograms, histograms)
def test_the_distance_is_at_most_that_of_scipy_and_reaches_it_with_many_texts(
    before: np.ndarray, now: np.ndarray
) -> None:
    expected = jensenshannon(before, now, base=2)
    assert 0 <= jensen_shannon(before, now) <= expected + 1e-9
    assert jensen_shannon(before * 1e9, now * 1e9) == pytest.approx(expected, abs=1e-4)


@given(histograms, histograms)
def test_distances_and_probabilities_are_the_same_both_ways(before: np.ndarray, now: np.ndarray) -> None:
    assert jensen_shannon(before, now) == pytest.approx(jensen_shannon(now, before), abs=1e-9)
    assert same_distribution(before, now) == pytest.approx(same_distribution(now, before), rel=1e-6)


@given(histograms, histograms)
def test_with_texts_in_every_bin_the_test_is_pearsons(before: np.ndarray, now: np.ndarray) -> None:
    before, now = before + 50, now + 50
    expected = chi2_contingency(np.array([before, now]), correction=False).pvalue
    assert same_distribution(before, now) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(30, 3000))
def test_windows_from_one_distribution_have_no_small_probability(seed: int, bins: int, texts: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(bins))
    before, now = random.multinomial(1000, shares), random.multinomial(texts, shares)
    assert same_distribution(before.astype(float), now.astype(float)) > 1e-7


def test_the_domain_classifier_confirms_and_alone_raises_no_suspicion() -> None:
    def found(*features: DriftFeature) -> list[DriftScore]:
        return [DriftScore(feature, 0.9, 0.1, 0.0, feature in features) for feature in get_args(DriftFeature)]

    assert window_state(found()) == window_state(found("domain_classifier")) == "none"
    assert window_state(found("top_terms")) == window_state(found("language", "confidence")) == "suspected"
    assert window_state(found("top_terms", "domain_classifier")) == "confirmed"


ANY_HISTOGRAM = arrays(np.float64, st.shared(st.integers(1, 8), key="bins"), elements=st.integers(0, 400).map(float))


@given(ANY_HISTOGRAM, ANY_HISTOGRAM)
def test_the_laws_of_the_distance_hold_for_empty_histograms_too_and_nobody_is_warned(
    before: np.ndarray, now: np.ndarray
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score, p_value = jensen_shannon(before, now), same_distribution(before, now)
        assert jensen_shannon(now, before) == pytest.approx(score, abs=1e-9)
        assert jensen_shannon(before, before) == 0
    assert 0 <= score <= 1
    assert 0 <= p_value <= 1
    if not (before * now).any():
        assert score == (1 if before.any() or now.any() else 0)


@pytest.mark.parametrize("now", [[0.0, 0.0], [0.0, 7.0]])
def test_what_shares_nothing_is_at_the_full_distance_however_few_it_is(now: list[float]) -> None:
    before = np.array([5.0, 0.0])
    assert jensen_shannon(before, np.array(now)) == jensen_shannon(np.array(now), before) == 1


def test_an_empty_side_is_evidence_of_nothing() -> None:
    assert same_distribution(np.array([500.0, 500.0]), np.zeros(2)) == same_distribution(np.zeros(2), np.zeros(2)) == 1


@pytest.mark.parametrize("before", [[20.0, 0.0, 0.0, 0.0], [10.0, 10.0, 0.0, 0.0]])
def test_a_small_reference_that_shares_nothing_with_a_window_is_significant(before: list[float]) -> None:
    assert same_distribution(np.array(before), np.array([0.0, 0.0, 50.0, 50.0])) < 0.0005


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(2, 20), st.integers(2, 30), st.integers(2, 200))
def test_few_texts_from_one_distribution_have_no_small_probability(seed: int, bins: int, few: int, many: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(bins))
    before, now = random.multinomial(few, shares), random.multinomial(many, shares)
    assert same_distribution(before.astype(float), now.astype(float)) > 1e-7


FOREIGN = [f"zyx{number} qwv{number * 7} plo{number * 3} wub{number}" for number in range(120)]


def test_a_window_without_any_of_the_watched_terms_is_the_fullest_drift(predictor: Predictor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = scores_of(predictor, FOREIGN)
    assert (scores["top_terms"].score, scores["top_terms"].detected) == (1, True)
    assert window_state(list(scores.values())) == "confirmed"


@pytest.mark.parametrize(("every", "is_detected"), [(1, True), (25, False)])
def test_terms_that_hardly_any_reference_text_has_are_no_evidence_where_a_window_has_none(
    every: int, is_detected: bool
) -> None:
    """Each is in too few texts for chi-squared; any of them is in all texts, or in one of `every`."""
    numbers = np.arange(400)
    bits = np.eye(40, dtype=np.uint8)[numbers % 40] * (numbers % every == 0)[:, None].astype(np.uint8)
    reference = DriftReference.__new__(DriftReference)
    reference.counts, reference.sample = WindowCounts(), np.packbits(bits, axis=1)
    reference.watched_terms = [f"term {number}" for number in range(40)]
    (found,) = [
        score
        for score in drift_scores(reference, WindowCounts(), ["00" * 5] * 100, THRESHOLDS, 100)
        if score.feature == "top_terms"
    ]
    assert (found.score, found.detected) == (1, is_detected)


def test_every_score_that_is_left_out_is_told_with_its_reason(predictor: Predictor) -> None:
    profile = predictor.bundle.manifest.profile
    assert profile is not None
    assert missing_scores(get_args(DriftFeature), WindowCounts(texts=9), profile, 100) == {}
    few = missing_scores([], WindowCounts(texts=9, sampled=5), profile, 100)
    assert few["category_mix"] == "9 texts in the window, 100 needed"
    assert few["top_terms"] == few["language"] == "5 texts of the window were looked at closer, 100 needed"
    small = profile.model_copy(update={"articles": 12})
    scored = [feature for feature in get_args(DriftFeature) if feature != "domain_classifier"]
    told = missing_scores(scored, WindowCounts(texts=200, sampled=200), small, 100)
    assert told == {"domain_classifier": "12 texts in the model's test set, 20 needed"}
    assert missing_scores(scored, WindowCounts(texts=15, sampled=15), profile, 10) == {
        "domain_classifier": "15 texts of the window were looked at closer, 20 needed"
    }
