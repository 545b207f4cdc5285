"""Take the reference profile of a bundle."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import seal
from newsdesk.model.predictor import Predictor
from newsdesk.model.reference_profile import (
    LENGTH_BINS,
    MOST_SAMPLED,
    MOST_WATCHED,
    REFERENCE_SAMPLE,
    SHARE_BINS,
    WATCHED_TERMS,
    ReferenceProfile,
    length_bins,
    share_bins,
    unpack_bits,
)
from newsdesk.text.language import DETECTOR, guess_language, stated_language


def add_profile(bundle: Bundle, texts: Sequence[str], stated: Sequence[str | None] | None = None) -> Bundle:
    """The same bundle with the profile of `texts`, which it was not trained on, sealed. None of them: no profile.

    `stated`: the language of each text as its publisher states it, which wins over a guess.
    """
    if not texts:
        return bundle
    watched = _most_frequent_terms(Predictor(bundle), texts)
    empty = np.empty((0, 0), dtype=np.uint8)
    tensors = bundle.tensors | {WATCHED_TERMS: watched, REFERENCE_SAMPLE: empty}
    predictor = Predictor(seal(bundle.manifest, bundle.vocabulary, tensors))
    probabilities = predictor.predict_proba(texts)
    stats = [predictor.text_stats(text) for text in texts]
    best = Counter(probabilities.argmax(axis=1).tolist())
    profile = ReferenceProfile(
        articles=len(texts),
        categories={name: best[number] for number, name in enumerate(predictor.classes)},
        confidence=_histogram(share_bins(probabilities.max(axis=1)), SHARE_BINS),
        text_length=_histogram(length_bins(np.array([len(text) for text in texts])), LENGTH_BINS),
        known_words=_histogram(share_bins(np.array([text_stats.known_share for text_stats in stats])), SHARE_BINS),
        languages=dict(sorted(_languages(texts, stated or [None] * len(texts)).items())),
        language_detector=DETECTOR,
    )
    sampled = np.unique(np.linspace(0, len(texts) - 1, MOST_SAMPLED).astype(np.intp))
    sample = np.stack([unpack_bits(stats[i].terms) for i in sampled])
    manifest = bundle.manifest.model_copy(update={"profile": profile})
    return seal(manifest, bundle.vocabulary, tensors | {REFERENCE_SAMPLE: sample})


def _languages(texts: Sequence[str], stated: Sequence[str | None]) -> Counter[str]:
    pairs = zip(texts, stated, strict=True)
    return Counter(stated_language(language) or guess_language(text) for text, language in pairs)


def _most_frequent_terms(predictor: Predictor, texts: Sequence[str]) -> NDArray[np.int32]:
    """The columns of the terms that are in the most texts, ascending."""
    width = predictor.bundle.manifest.feature_count
    counts = np.zeros(width, dtype=np.int64)
    for start in range(0, len(texts), 256):
        counts += np.bincount(predictor.rows(texts[start : start + 256]).columns, minlength=width)
    order = np.argsort(-counts, kind="stable")[:MOST_WATCHED]
    return np.sort(order[counts[order] > 0]).astype(np.int32)


def _histogram(bins: NDArray[np.intp], size: int) -> list[int]:
    counts: list[int] = np.bincount(bins, minlength=size).tolist()
    return counts
