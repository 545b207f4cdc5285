import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2, chi2_contingency, fisher_exact, mannwhitneyu, norm

from newsdesk.monitoring.significance import (
    chi_squared_tail,
    fisher_exact_test,
    mcnemar_test,
    normal_tail,
    proportion,
    rank_sum_test,
    two_proportion_z_test,
)

counts = st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(counts)
def test_the_interval_of_a_share_is_wilsons(case: tuple[int, int]) -> None:
    count, of = case
    share = proportion(count, of)
    assert share is not None
    expected = binomtest(count, of).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert share.low <= share.share <= share.high


def test_no_cases_have_no_share() -> None:
    assert proportion(0, 0) is None


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemars_test_is_the_exact_binomial_test(only_first: int, only_second: int) -> None:
    cases = only_first + only_second
    expected = binomtest(only_first, cases).pvalue if cases else 1.0
    assert mcnemar_test(only_first, only_second) == pytest.approx(expected, rel=1e-7, abs=1e-300)


def test_mcnemars_test_stands_large_numbers() -> None:
    assert mcnemar_test(50_000, 50_000) == 1.0
    assert 0 <= mcnemar_test(0, 100_000) < 1e-300


@given(counts, counts)
def test_two_shares_are_compared_by_the_z_test(first: tuple[int, int], second: tuple[int, int]) -> None:
    a, b = proportion(*first), proportion(*second)
    assert a is not None
    assert b is not None
    table = [[first[0], first[1] - first[0]], [second[0], second[1] - second[0]]]
    degenerate = first[0] + second[0] in (0, first[1] + second[1])
    expected = 1.0 if degenerate else chi2_contingency(table, correction=False).pvalue
    assert two_proportion_z_test(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert two_proportion_z_test(a, b) == pytest.approx(two_proportion_z_test(b, a))


@given(st.floats(0, 2000), st.integers(1, 60))
def test_the_tail_of_chi_squared_is_scipys(statistic: float, degrees: int) -> None:
    assert chi_squared_tail(statistic, degrees) == pytest.approx(chi2.sf(statistic, degrees), rel=1e-8, abs=1e-300)


@given(st.floats(-8, 30))
def test_the_tail_of_the_normal_distribution_is_scipys(z: float) -> None:
    assert normal_tail(z) == pytest.approx(norm.sf(z), rel=1e-9, abs=1e-300)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_fishers_test_is_scipys(first: int, others: int, second: int, more: int) -> None:
    expected = fisher_exact([[first, others], [second, more]]).pvalue
    assert fisher_exact_test(first, first + others, second, second + more) == pytest.approx(expected, rel=1e-5)


def test_fishers_test_bears_thousands_of_texts() -> None:
    assert fisher_exact_test(2000, 2000, 0, 2000) < 1e-300
    assert fisher_exact_test(0, 2000, 0, 2000) == fisher_exact_test(1000, 2000, 1000, 2000) == 1


some = st.lists(st.integers(0, 9), min_size=1, max_size=20)


@given(some, some)
def test_the_rank_sum_test_of_one_stratum_is_scipys(drawn: list[int], rest: list[int]) -> None:
    first, second = np.array(drawn, dtype=float), np.array(rest, dtype=float)
    if len({*drawn, *rest}) == 1:
        assert rank_sum_test([(first, second)]) == 1
        return
    expected = mannwhitneyu(first, second, alternative="less", use_continuity=False, method="asymptotic").pvalue
    assert rank_sum_test([(first, second)]) == pytest.approx(expected, abs=1e-9)


@given(some)
def test_a_stratum_that_was_drawn_whole_tells_nothing(drawn: list[int]) -> None:
    nothing = (np.array(drawn, dtype=float), np.array([]))
    small = (np.array([1.0]), np.array([2.0, 3.0]))
    assert rank_sum_test([nothing]) == 1
    assert rank_sum_test([nothing, small]) == pytest.approx(rank_sum_test([small]))


def test_strata_are_compared_each_within_itself() -> None:
    """All of the second is below all of the first, and within each the smaller were drawn."""
    strata = [(np.arange(10.0), np.arange(10.0, 30)), (np.arange(-100.0, -90), np.arange(-90.0, -70))]
    assert rank_sum_test(strata) < rank_sum_test(strata[:1]) < 0.001
    assert rank_sum_test([(rest[:10], drawn) for drawn, rest in strata]) > 0.99
