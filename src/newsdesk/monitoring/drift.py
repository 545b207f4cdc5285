"""How far a window is from the reference: a score a feature, and whether it is more than chance."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from newsdesk.config.pipeline_config import DriftThresholds
from newsdesk.model.bundle import Bundle
from newsdesk.model.reference_profile import LENGTH_BINS, REFERENCE_SAMPLE, SHARE_BINS, WATCHED_TERMS, unpack_bits
from newsdesk.monitoring.domain_classifier import classify_domains
from newsdesk.monitoring.report import DriftFeature, DriftScore, State
from newsdesk.monitoring.significance import chi_squared_tail, fisher_exact_test
from newsdesk.monitoring.window_counts import WindowCounts, counts_from_profile, identified_languages
from newsdesk.text.language import DETECTOR

_LEAST_EXPECTED = 5.0  # in a cell of the chi-squared test (Cochran 1954); smaller ones are put together
_MAX_NAMED = 3  # changes that are told in words

Histogram = NDArray[np.float64]


class DriftReference:
    """What a bundle with a profile was measured on. `watched_terms` are the terms in the order of the bits."""

    def __init__(self, bundle: Bundle) -> None:
        assert bundle.manifest.profile is not None
        self.counts = counts_from_profile(bundle.manifest.profile)
        self.language_detector = bundle.manifest.profile.language_detector
        self.sample: NDArray[np.uint8] = bundle.tensors[REFERENCE_SAMPLE].astype(np.uint8)
        self.watched_terms = [bundle.vocabulary.terms[column] for column in bundle.tensors[WATCHED_TERMS].tolist()]


def drift_scores(
    reference: DriftReference, window: WindowCounts, terms: Sequence[str], thresholds: DriftThresholds, min_texts: int
) -> tuple[DriftScore, ...]:
    """The scores of a window. `terms`: the bits of the terms of its sampled texts, in hexadecimal.

    A score whose texts are fewer than `min_texts` is left out.
    """
    before = reference.counts
    scores = []
    if window.texts >= min_texts:
        scores += [
            _compare("category_mix", *_aligned_histograms(before.categories, window.categories), thresholds),
            _compare("confidence", *_share_histograms(before.confidence, window.confidence), thresholds),
            _compare("text_length", *_length_histograms(before.text_length, window.text_length), thresholds),
        ]
    if window.sampled >= min_texts:
        scores += [
            _compare("known_words", *_share_histograms(before.known_words, window.known_words), thresholds),
        ]
    now = identified_languages(window.languages)
    if now.total() >= min_texts and reference.language_detector == DETECTOR:
        scores.append(
            _compare("language", *_aligned_histograms(identified_languages(before.languages), now), thresholds)
        )
    sample = _unpack_sample(terms, reference.sample.shape[1])
    if len(sample) >= min_texts and reference.watched_terms:
        scores += _term_scores(reference, sample, thresholds)
    return tuple(scores)


def window_state(scores: Sequence[DriftScore]) -> State:
    """What the scores of a window say together. The domain classifier confirms; alone it raises no suspicion, for it
    also finds the stories that a small reference happens to hold.
    """
    if not scores:
        return "too_few"
    detected = {score.feature for score in scores if score.detected}
    if not detected - {"domain_classifier"}:
        return "none"
    return "confirmed" if "domain_classifier" in detected else "suspected"


def jensen_shannon(before: Histogram, now: Histogram) -> float:
    """The Jensen-Shannon distance of two histograms, base 2, 0 to 1 (Lin 1991; Endres and Schindelin 2003), less what
    the small numbers of texts bring by chance: (k - 1) (1/n + 1/m) / (8 ln 2) of its square, for k bins with texts.

    1 where they share nothing, be it that one of them is empty; 0 where both are.
    """
    n, m = before.sum(), now.sum()
    if not (before * now).any():
        return 1.0 if n or m else 0.0
    p, q = before / n, now / m
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = sum(float(np.nansum(side * np.log2(side / middle))) for side in (p, q)) / 2
    by_chance = (np.count_nonzero(middle) - 1) * (1 / n + 1 / m) / (8 * math.log(2))
    return math.sqrt(min(max(divergence - by_chance, 0.0), 1.0))


def same_distribution(before: Histogram, now: Histogram) -> float:
    """The p-value of Pearson's chi-squared test that both histograms come from one distribution; 1 where one of them is
    empty, which is evidence of nothing."""
    if not (before.any() and now.any()):
        return 1.0
    pooled = before + now
    shares = np.array([before.sum(), now.sum()]) / pooled.sum()
    order = np.argsort(pooled, kind="stable")
    expected = pooled[order] * shares.min()
    merged = int(np.count_nonzero(expected < _LEAST_EXPECTED))
    if merged:  # and as many more as make one cell that is large enough
        merged = max(merged, int(np.searchsorted(expected.cumsum(), _LEAST_EXPECTED)) + 1)
    if merged >= len(order):  # too few for chi-squared: the most frequent bin against the rest, exactly
        top = order[-1]
        return fisher_exact_test(int(before[top]), int(before.sum()), int(now[top]), int(now.sum()))
    table = np.array([[side[order[:merged]].sum(), *side[order[merged:]]] for side in (before, now)])
    table = table[:, table.sum(axis=0) > 0]
    expected = np.outer(shares, table.sum(axis=0))
    return chi_squared_tail(float(((table - expected) ** 2 / expected).sum()), table.shape[1] - 1)


def _compare(
    feature: DriftFeature, names: Sequence[str], before: Histogram, now: Histogram, thresholds: DriftThresholds
) -> DriftScore:
    return _score(
        feature,
        jensen_shannon(before, now),
        same_distribution(before, now),
        thresholds,
        _describe_changes(names, before / max(before.sum(), 1), now / max(now.sum(), 1)),
    )


def _term_scores(reference: DriftReference, sample: NDArray[np.uint8], thresholds: DriftThresholds) -> list[DriftScore]:
    bits = [np.unpackbits(side, axis=1, count=len(reference.watched_terms)) for side in (reference.sample, sample)]
    before, now = (side.sum(axis=0).astype(np.float64) for side in bits)
    n, m = len(reference.sample), len(sample)
    with_any = [int(side.any(axis=1).sum()) for side in bits]
    p_value = _bonferroni([*_term_p_values(before, n, now, m), fisher_exact_test(with_any[0], n, with_any[1], m)])
    detail = _describe_changes(reference.watched_terms, before / n, now / m)
    scores = [_score("top_terms", jensen_shannon(before, now), p_value, thresholds, detail)]
    if result := classify_domains(reference.sample, sample):
        scores.append(_score("domain_classifier", result.auc, result.p_value, thresholds, ""))
    return scores


def _bonferroni(p_values: Sequence[float]) -> float:
    """The smallest of several p-values, after Bonferroni."""
    return min(1.0, len(p_values) * min(p_values))


def _term_p_values(before: Histogram, n: int, now: Histogram, m: int) -> list[float]:
    """The smallest p-value that a term is in the same share of texts, by chi-squared, as often as there are tests."""
    pooled = (before + now) / (n + m)
    is_enough = np.minimum(pooled, 1 - pooled) * min(n, m) >= _LEAST_EXPECTED
    variance = (pooled * (1 - pooled) * (1 / n + 1 / m))[is_enough]
    if not len(variance):
        return []
    statistics = (before / n - now / m)[is_enough] ** 2 / variance
    return [chi_squared_tail(float(statistics.max()), 1)] * len(statistics)


def _score(feature: DriftFeature, score: float, p_value: float, thresholds: DriftThresholds, detail: str) -> DriftScore:
    threshold: float = getattr(thresholds, feature)
    detected = score >= threshold and p_value < thresholds.significance
    return DriftScore(feature, score, threshold, p_value, detected, detail)


def _aligned_histograms(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[list[str], Histogram, Histogram]:
    names = sorted(before.keys() | now.keys())
    return names, *_histograms(*([counts.get(name, 0) for name in names] for counts in (before, now)))


def _histograms(before: Sequence[int], now: Sequence[int]) -> tuple[Histogram, Histogram]:
    return np.array(before, dtype=np.float64), np.array(now, dtype=np.float64)


def _share_histograms(before: Sequence[int], now: Sequence[int]) -> tuple[list[str], Histogram, Histogram]:
    names = [f"{i / SHARE_BINS:.0%} to {(i + 1) / SHARE_BINS:.0%}" for i in range(SHARE_BINS)]
    return names, *_histograms(before, now)


def _length_histograms(before: Sequence[int], now: Sequence[int]) -> tuple[list[str], Histogram, Histogram]:
    names = [f"{2**i:,} to {2 ** (i + 1):,} characters" for i in range(LENGTH_BINS)]
    return names, *_histograms(before, now)


def _describe_changes(names: Sequence[str], before: Histogram, now: Histogram) -> str:
    """What changed most, in percent of the texts."""
    order = np.argsort(-np.abs(now - before), kind="stable")[:_MAX_NAMED]
    return ", ".join(f"{names[i]}: {before[i]:.0%} → {now[i]:.0%}" for i in order if now[i] != before[i])


def _unpack_sample(terms: Sequence[str], width: int) -> NDArray[np.uint8]:
    rows = [unpack_bits(text) for text in terms if len(text) == 2 * width]
    return np.stack(rows) if rows else np.empty((0, width), dtype=np.uint8)
