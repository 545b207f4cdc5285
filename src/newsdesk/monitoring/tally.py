"""What is counted about the predictions of a window: enough to judge it later, and to add windows up."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from newsdesk.model.profile import LENGTH_BINS, SHARE_BINS, Profile, length_bins, share_bins
from newsdesk.monitoring.report import ClassFigures, Performance
from newsdesk.monitoring.significance import share_of


def _zeros(size: int) -> Callable[[], list[int]]:
    return lambda: [0] * size


@dataclass
class Tally:
    """Counts over predictions by one model. All but `predictions` count each text once.

    `known_words`, `languages` and `sampled` count the texts of the log's sample alone. `judged` counts the texts with
    usable feedback by the right category and the predicted one.
    """

    predictions: int = 0
    texts: int = 0
    confidence_sum: float = 0.0
    categories: Counter[str] = field(default_factory=Counter)
    confidence: list[int] = field(default_factory=_zeros(SHARE_BINS))
    text_length: list[int] = field(default_factory=_zeros(LENGTH_BINS))
    sampled: int = 0
    known_words: list[int] = field(default_factory=_zeros(SHARE_BINS))
    languages: Counter[str] = field(default_factory=Counter)
    judged: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, categories: Sequence[str], confidence: NDArray[np.float64], text_length: NDArray[np.int64]) -> None:
        """Add texts, none of which was counted before."""
        self.texts += len(categories)
        self.confidence_sum += float(confidence.sum())
        self.categories.update(categories)
        self.confidence = _plus(self.confidence, share_bins(confidence))
        self.text_length = _plus(self.text_length, length_bins(text_length))

    def count_sampled(self, known_shares: NDArray[np.float64], languages: Iterable[str]) -> None:
        """Add texts of the log's sample, none of which was counted before."""
        self.sampled += len(known_shares)
        self.known_words = _plus(self.known_words, share_bins(known_shares))
        self.languages.update(languages)

    def judge(self, right: str, predicted: str) -> None:
        """Add a text with usable feedback."""
        self.judged.setdefault(right, Counter())[predicted] += 1

    def __add__(self, other: "Tally") -> "Tally":
        judged = {right: Counter(counts) for right, counts in self.judged.items()}
        for right, counts in other.judged.items():
            judged.setdefault(right, Counter()).update(counts)
        return Tally(
            self.predictions + other.predictions,
            self.texts + other.texts,
            self.confidence_sum + other.confidence_sum,
            self.categories + other.categories,
            list(map(add, self.confidence, other.confidence)),
            list(map(add, self.text_length, other.text_length)),
            self.sampled + other.sampled,
            list(map(add, self.known_words, other.known_words)),
            self.languages + other.languages,
            judged,
        )

    def performance(self) -> Performance:
        """How good the predictions were."""
        predicted: Counter[str] = Counter()
        for counts in self.judged.values():
            predicted.update(counts)
        labelled = {right: counts.total() for right, counts in self.judged.items()}
        right = {name: self.judged[name][name] if name in self.judged else 0 for name in labelled | predicted}
        return Performance(
            self.predictions,
            self.texts,
            self.confidence_sum / self.texts if self.texts else None,
            share_of(sum(right.values()), sum(labelled.values())),
            {name: ClassFigures(labelled.get(name, 0), predicted[name], right[name]) for name in sorted(right)},
            dict(sorted(self.categories.items())),
        )

    def to_json(self) -> dict[str, Any]:
        """The counts by name, such that JSON can hold them."""
        counters = {"categories": dict(self.categories), "languages": dict(self.languages)}
        return vars(self) | counters | {"judged": {right: dict(counts) for right, counts in self.judged.items()}}

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> "Tally":
        """Reads what `to_json` made."""
        judged = {right: Counter(found) for right, found in counts["judged"].items()}
        counters = {name: Counter(counts[name]) for name in ("categories", "languages")}
        return cls(**{**counts, **counters, "judged": judged})


def tally_of(profile: Profile) -> Tally:
    """A reference profile, as a window with these texts would be counted."""
    return Tally(
        texts=profile.articles,
        categories=Counter(profile.categories),
        confidence=profile.confidence,
        text_length=profile.text_length,
        sampled=profile.articles,
        known_words=profile.known_words,
        languages=Counter(profile.languages),
    )


def _plus(histogram: list[int], bins: NDArray[np.intp]) -> list[int]:
    return list(map(add, histogram, np.bincount(bins, minlength=len(histogram)).tolist()))
