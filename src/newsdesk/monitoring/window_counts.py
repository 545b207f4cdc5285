"""What is counted about the predictions of a window: enough to judge it later, and to add windows up."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from newsdesk.model.reference_profile import LENGTH_BINS, SHARE_BINS, ReferenceProfile, length_bins, share_bins
from newsdesk.monitoring.report import ClassFigures, Performance
from newsdesk.monitoring.significance import proportion
from newsdesk.text.language import UNKNOWN

Labels = Mapping[str, Counter[str]]
_LABELS = ("judged", "reviewed")
_NEARLY_ALL = 0.9


def _zeros(size: int) -> Callable[[], list[int]]:
    return lambda: [0] * size


@dataclass
class WindowCounts:
    """Counts over predictions by one model. All but `predictions` count each text once.

    `known_words`, `languages` and `sampled` count the texts of the log's sample alone. `judged` counts the texts with
    usable feedback by the right category and the predicted one, `reviewed` those by editors who confirm as well.
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
    reviewed: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, categories: Sequence[str], confidence: NDArray[np.float64], text_length: NDArray[np.int64]) -> None:
        """Add texts, none of which was counted before."""
        self.texts += len(categories)
        self.confidence_sum += float(confidence.sum())
        self.categories.update(categories)
        self.confidence = _add_to_histogram(self.confidence, share_bins(confidence))
        self.text_length = _add_to_histogram(self.text_length, length_bins(text_length))

    def count_sampled(self, known_shares: NDArray[np.float64], languages: Iterable[str]) -> None:
        """Add texts of the log's sample, none of which was counted before."""
        self.sampled += len(known_shares)
        self.known_words = _add_to_histogram(self.known_words, share_bins(known_shares))
        self.languages.update(languages)

    def judge(self, right: str, predicted: str, *, is_reviewed: bool) -> None:
        """Add a text with usable feedback."""
        for counts in (self.judged, *([self.reviewed] if is_reviewed else [])):
            counts.setdefault(right, Counter())[predicted] += 1

    def __add__(self, other: "WindowCounts") -> "WindowCounts":
        return WindowCounts(
            self.predictions + other.predictions,
            self.texts + other.texts,
            self.confidence_sum + other.confidence_sum,
            self.categories + other.categories,
            list(map(add, self.confidence, other.confidence)),
            list(map(add, self.text_length, other.text_length)),
            self.sampled + other.sampled,
            list(map(add, self.known_words, other.known_words)),
            self.languages + other.languages,
            _sum_labels(self.judged, other.judged),
            _sum_labels(self.reviewed, other.reviewed),
        )

    @property
    def is_whole(self) -> bool:
        """Whether nearly all texts have feedback: whoever gave it, little is left to be unknown."""
        return sum(counts.total() for counts in self.judged.values()) >= _NEARLY_ALL * self.texts

    def performance(self, classes: Collection[str] = ()) -> Performance:
        """How good the predictions were, by a model of these `classes`; without any, it knows all that was said."""
        judged = sum(counts.total() for counts in self.judged.values())
        reviewed = self.judged if self.is_whole else self.reviewed
        predicted: Counter[str] = Counter()
        for counts in reviewed.values():
            predicted.update(counts)
        labelled = {right: counts.total() for right, counts in reviewed.items()}
        right = {name: reviewed[name][name] if name in reviewed else 0 for name in labelled | predicted}

        def is_known(name: str) -> bool:
            return not classes or name in classes or predicted[name] > 0

        wrong = judged - sum(counts[name] for name, counts in self.judged.items())
        confidence = self.confidence_sum / self.texts if self.texts else None
        return Performance(
            self.predictions,
            self.texts,
            None if confidence is None else min(confidence, 1 - wrong / self.texts),
            proportion(sum(right.values()), sum(labelled.values())),
            {
                name: ClassFigures(labelled.get(name, 0), predicted[name], right[name], is_known(name))
                for name in sorted(right)
            },
            dict(sorted(self.categories.items())),
            judged,
            wrong,
            confidence,
        )

    def to_json(self) -> dict[str, Any]:
        """The counts by name, such that JSON can hold them."""
        counters = {"categories": dict(self.categories), "languages": dict(self.languages)}
        labels = {name: {right: dict(counts) for right, counts in getattr(self, name).items()} for name in _LABELS}
        return vars(self) | counters | labels

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> "WindowCounts":
        """Reads what `to_json` made, also in versions that did not tell reviews from reports of errors."""
        counts = {"reviewed": counts["judged"], **counts}
        labels = {name: {right: Counter(pairs) for right, pairs in counts[name].items()} for name in _LABELS}
        counters = {name: Counter(counts[name]) for name in ("categories", "languages")}
        return cls(**{**counts, **counters, **labels})


def counts_from_profile(profile: ReferenceProfile) -> WindowCounts:
    """A reference profile, as a window with these texts would be counted."""
    return WindowCounts(
        texts=profile.articles,
        categories=Counter(profile.categories),
        confidence=profile.confidence,
        text_length=profile.text_length,
        sampled=profile.articles,
        known_words=profile.known_words,
        languages=Counter(profile.languages),
    )


def identified_languages(languages: Counter[str]) -> Counter[str]:
    """The texts whose language could be told: the others say nothing of a change of languages."""
    return Counter({language: count for language, count in languages.items() if language != UNKNOWN})


def _sum_labels(first: Labels, second: Labels) -> dict[str, Counter[str]]:
    return {right: first.get(right, Counter()) + second.get(right, Counter()) for right in first.keys() | second.keys()}


def _add_to_histogram(histogram: list[int], bins: NDArray[np.intp]) -> list[int]:
    return list(map(add, histogram, np.bincount(bins, minlength=len(histogram)).tolist()))
