"""Measure predictions against the truth."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from newsdesk.config.gate_config import GateMetric

_FIGURES: dict[GateMetric, str] = {"accuracy": "accuracy", "macro_f1": "f1_macro", "weighted_f1": "f1_weighted"}


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one category; `support` is how many articles of it there were."""

    precision: float
    recall: float
    f1: float
    support: int


class Baseline(NamedTuple):
    """The most frequent category, and the accuracy of always saying it."""

    category: str
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """How well predictions fit. `confusion[i, j]` counts articles of `classes[i]` predicted as `classes[j]`."""

    accuracy: float
    precision_macro: float
    recall_macro: float
    f1_macro: float
    precision_weighted: float
    recall_weighted: float
    f1_weighted: float
    classes: list[str]
    per_class: dict[str, ClassScores]
    confusion: NDArray[np.int64]

    @property
    def articles(self) -> int:
        """The number of test articles."""
        return int(self.confusion.sum())

    @property
    def tested_categories(self) -> int:
        """The number of categories with test articles."""
        return sum(scores.support > 0 for scores in self.per_class.values())

    @property
    def dead_categories(self) -> list[str]:
        """Categories with articles of which none was recognised: F1 0."""
        return [name for name, scores in self.per_class.items() if scores.support and scores.f1 == 0]

    @property
    def baseline(self) -> Baseline:
        """What any model should beat."""
        category = max(self.classes, key=self.share_of)
        return Baseline(category, self.share_of(category))

    def share_of(self, category: str) -> float:
        """The share of articles of a category: the accuracy of always saying it."""
        scores = self.per_class.get(category)
        return scores.support / self.articles if scores else 0.0

    def figure(self, metric: GateMetric) -> float:
        """Its value for a metric of the gate."""
        return float(getattr(self, _FIGURES[metric]))

    def most_confused(self, count: int) -> list[tuple[str, str, float]]:
        """Pairs (true, predicted) that are mixed up, with the share of the true category, the worst first."""
        shares = self.confusion / np.maximum(self.confusion.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(shares, 0)
        worst = np.argsort(-shares, axis=None, kind="stable")[:count]
        pairs = [divmod(int(index), len(self.classes)) for index in worst]
        return [(self.classes[i], self.classes[j], float(shares[i, j])) for i, j in pairs if shares[i, j] > 0]

    def metrics(self) -> dict[str, float]:
        """The summary figures by name."""
        names = (
            "accuracy",
            *(f"{m}_{average}" for average in ("macro", "weighted") for m in ("precision", "recall", "f1")),
        )
        return {name: getattr(self, name) for name in names}


def evaluate(truth: list[str], predicted: list[str]) -> Evaluation:
    """Compare `predicted[i]` with `truth[i]`.

    Averages run over every category that occurs in either. A category that is never predicted has precision 0.
    Definitions: scikit-learn's `precision_recall_fscore_support`.
    """
    classes = sorted({*truth, *predicted})
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    shares = support / support.sum()
    return Evaluation(
        accuracy=float(accuracy_score(truth, predicted)),
        precision_macro=float(precision.mean()),
        recall_macro=float(recall.mean()),
        f1_macro=float(f1.mean()),
        precision_weighted=float(precision @ shares),
        recall_weighted=float(recall @ shares),
        f1_weighted=float(f1 @ shares),
        classes=classes,
        per_class={
            name: ClassScores(float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, name in enumerate(classes)
        },
        confusion=_count_pairs(truth, predicted, classes),
    )


def _count_pairs(truth: list[str], predicted: list[str], classes: list[str]) -> NDArray[np.int64]:
    index = {name: i for i, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, ([index[name] for name in truth], [index[name] for name in predicted]), 1)
    return counts
