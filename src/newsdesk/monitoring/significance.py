"""How sure a share is, and whether two shares differ."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054  # normal quantile of a two-sided 95 % interval
ENOUGH = 20  # texts below which a share says nothing: of 20, 95 % lie within 20 points of it at best


@dataclass(frozen=True)
class Proportion:
    """A share of `of` cases, with its 95 % interval after Wilson (1927)."""

    count: int
    of: int
    share: float
    low: float
    high: float


def proportion(count: int, of: int) -> Proportion | None:
    """`count` out of `of`; None where there is no case."""
    if of == 0:
        return None
    share = count / of
    weight = 1 + _Z**2 / of
    centre = (share + _Z**2 / (2 * of)) / weight
    half = _Z / weight * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    low = 0.0 if count == 0 else centre - half
    high = 1.0 if count == of else centre + half
    return Proportion(count, of, share, low, high)


def mcnemar_test(only_first: int, only_second: int) -> float:
    """Two-sided p-value that two classifiers are equally often right, by the cases which only one of them has right.

    The exact conditional test: a binomial test with probability one half (McNemar 1947; Fagerland, Lydersen and Laake
    2013, BMC Medical Research Methodology 13:91).
    """
    cases, fewer = only_first + only_second, min(only_first, only_second)
    logarithms = (
        math.lgamma(cases + 1) - math.lgamma(k + 1) - math.lgamma(cases - k + 1) - cases * math.log(2)
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * math.fsum(map(math.exp, logarithms)))


def fisher_exact_test(first: int, of_first: int, second: int, of_second: int) -> float:
    """Two-sided p-value that `first` of `of_first` and `second` of `of_second` come from one share, however few.

    Fisher's exact test: the sum over all tables with these margins that are no more probable (Agresti 2013, 3.5.1).
    """
    if first * of_second == second * of_first:
        return 1.0
    hits, total = first + second, of_first + of_second

    def logarithm(count: int) -> float:
        return _log_choose(of_first, count) + _log_choose(of_second, hits - count) - _log_choose(total, hits)

    observed = logarithm(first) + 1e-7
    tables = map(logarithm, range(max(0, hits - of_second), min(hits, of_first) + 1))
    return min(1.0, math.fsum(math.exp(table) for table in tables if table <= observed))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def two_proportion_z_test(first: Proportion, second: Proportion) -> float:
    """Two-sided p-value that two independent shares are equal: the z-test with the pooled share."""
    pooled = (first.count + second.count) / (first.of + second.of)
    error = math.sqrt(pooled * (1 - pooled) * (1 / first.of + 1 / second.of))
    return 1.0 if error == 0 else math.erfc(abs(first.share - second.share) / error / math.sqrt(2))


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """The probability of a chi-squared variable of `degrees` of freedom to be at least `statistic`.

    The finite sums for whole degrees (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5).
    """
    half = statistic / 2
    if half <= 0 or degrees < 1:
        return 1.0
    if degrees % 2:
        tail, first, exponents = math.erfc(math.sqrt(half)), 0.5, range((degrees - 1) // 2)
    else:
        tail, first, exponents = 0.0, 0.0, range(degrees // 2)
    log_half = math.log(half)
    terms = (math.exp((i + first) * log_half - half - math.lgamma(i + first + 1)) for i in exponents)
    return min(1.0, tail + math.fsum(terms))


def normal_tail(z: float) -> float:
    """The probability of a standard normal variable to be at least `z`."""
    return math.erfc(z / math.sqrt(2)) / 2


def rank_sum_test(strata: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """One-sided p-value that values drawn blindly from each stratum would be as small; 1 where nothing can be told.

    A stratum is what was drawn, and the rest. Wilcoxon's rank-sum test with ties, by its normal approximation, added up
    over strata of different size (van Elteren 1960).
    """
    excess, variance = 0.0, 0.0
    for drawn, rest in strata:
        values = np.concatenate([drawn, rest])
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks = ((np.cumsum(counts) - counts / 2) / len(values))[inverse]  # 0 to 1, those of ties in their middle
        excess += float(np.sum(0.5 - ranks[: len(drawn)]))
        if len(values) > 1:
            variance += float(np.var(ranks)) * len(drawn) * len(rest) / (len(values) - 1)
    return normal_tail(excess / math.sqrt(variance)) if variance > 0 else 1.0
