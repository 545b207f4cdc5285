"""Compare two models' predictions of the same articles, and test whether chance explains the difference."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from newsdesk.config.gate_config import GateMetric

_Z = 1.959963984540054  # normal quantile of a two-sided 95 % interval
_MIN_DISCORDANT = (
    6  # discordant articles: were all of five for one model, chance would bring that in 1 of 16 comparisons
)
_RESAMPLES = 2000
_AT_ONCE = 100  # resamples in memory
_SEED = 42

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PairedComparison:
    """A challenger's and the champion's figure on the same articles; `low` to `high` is the 95 % interval of the
    difference, and on the `discordant` ones exactly one of them is right."""

    metric: GateMetric
    articles: int
    discordant: int
    challenger: float
    champion: float
    low: float
    high: float

    @property
    def gain(self) -> float:
        """The challenger's figure minus the champion's."""
        return self.challenger - self.champion

    @property
    def surely_better(self) -> bool:
        """Whether chance does not explain that the challenger is ahead."""
        return self.low > 0 and self.discordant >= _MIN_DISCORDANT

    @property
    def surely_worse(self) -> bool:
        """Whether chance does not explain that the champion is ahead."""
        return self.high < 0 and self.discordant >= _MIN_DISCORDANT

    def as_dict(self) -> dict[str, float | str]:
        """As JSON-serialisable values."""
        return asdict(self) | {"gain": self.gain}


def compare_paired(
    truth: Sequence[str], challenger: Sequence[str], champion: Sequence[str], metric: GateMetric = "accuracy"
) -> PairedComparison:
    """Compare what both said of the same articles, in any order.

    Macro F1 is the mean over the categories in `truth`. Accuracy has the adjusted Wald interval for paired proportions
    (Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37:479), which adds an article that the
    challenger alone has right and one that the champion alone has, and so keeps its level in small samples. F1 has the
    percentile interval of a paired bootstrap, with two articles added in the same way. Of no article it is -1 to 1.
    """
    if not truth:
        return PairedComparison(metric, 0, 0, 0.0, 0.0, -1.0, 1.0)
    pairs = [
        (first == label, second == label) for label, first, second in zip(truth, challenger, champion, strict=True)
    ]
    won, lost, both = (pairs.count(pair) for pair in ((True, False), (False, True), (True, True)))
    if metric == "accuracy":
        figures = ((both + won) / len(pairs), (both + lost) / len(pairs))
        interval = _adjusted_wald(len(pairs), won, lost)
    else:
        outcomes, counts = _outcomes(truth, challenger, champion)
        ours, theirs = _f1(outcomes, counts[np.newaxis], metric)
        figures, interval = (float(ours[0]), float(theirs[0])), _bootstrap(outcomes, counts, metric)
    return PairedComparison(metric, len(pairs), won + lost, *figures, *interval)


def _adjusted_wald(articles: int, only_challenger: int, only_champion: int) -> tuple[float, float]:
    won, lost = (only_challenger + 1) / (articles + 2), (only_champion + 1) / (articles + 2)
    half = _Z * math.sqrt((won + lost - (won - lost) ** 2) / (articles + 2))
    return max(-1.0, won - lost - half), min(1.0, won - lost + half)


def _outcomes(
    truth: Sequence[str], challenger: Sequence[str], champion: Sequence[str]
) -> tuple[NDArray[np.int64], Floats]:
    """The different (truth, challenger, champion), shape (outcomes, 3), as places among all categories, and how many
    articles came out so. In an order that the order of the articles has no say in."""
    triples = list(zip(truth, challenger, champion, strict=True))
    index = {name: i for i, name in enumerate(sorted({name for triple in triples for name in triple}))}
    rows = np.array([[index[name] for name in triple] for triple in triples], dtype=np.int64)
    outcomes, counts = np.unique(rows, axis=0, return_counts=True)
    return outcomes, counts.astype(np.float64)


def _bootstrap(outcomes: NDArray[np.int64], counts: Floats, metric: GateMetric) -> tuple[float, float]:
    disagreed = outcomes[:, 1] != outcomes[:, 2]
    if not disagreed.any():
        return 0.0, 0.0
    added = counts[disagreed] / counts[disagreed].sum()  # one article as they disagree now, one the other way round
    mirrored = outcomes[disagreed][:, [0, 2, 1]]
    weights = counts.copy()
    weights[disagreed] += added
    outcomes, weights = np.concatenate([outcomes, mirrored]), np.concatenate([weights, added])
    random, articles = np.random.default_rng(_SEED), round(weights.sum())
    gains = []
    for _ in range(_RESAMPLES // _AT_ONCE):
        drawn = random.multinomial(articles, weights / weights.sum(), size=_AT_ONCE)
        ours, theirs = _f1(outcomes, drawn.astype(np.float64), metric)
        gains.append(ours - theirs)
    low, high = np.quantile(np.concatenate(gains), [0.025, 0.975])
    return float(low), float(high)


def _f1(outcomes: NDArray[np.int64], counts: Floats, metric: GateMetric) -> tuple[Floats, Floats]:
    """The F1 of challenger and champion in each row of `counts`, shape (resamples, outcomes)."""
    categories = np.eye(int(outcomes.max()) + 1)
    truth = counts @ categories[outcomes[:, 0]]
    importance = truth if metric == "weighted_f1" else (truth > 0).astype(np.float64)
    weights = importance / importance.sum(axis=1, keepdims=True)

    def mean(predictions: NDArray[np.int64]) -> Floats:
        predicted = counts @ categories[predictions]
        correct = (counts * (predictions == outcomes[:, 0])) @ categories[predictions]
        figures: Floats = (weights * (2 * correct / np.maximum(truth + predicted, 1))).sum(axis=1)
        return figures

    return mean(outcomes[:, 1]), mean(outcomes[:, 2])
