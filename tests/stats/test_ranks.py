"""The Mann-Whitney test: floors, ties, and agreement with counting and with scipy."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from ncabench.stats.ranks import mann_whitney

FLOORS = [(3, 0.10), (4, 0.029), (5, 0.0079), (6, 0.0022), (7, 0.0006)]


def counted(first: list[float], second: list[float]) -> float:
    """The chance of a rank sum as small as the first group's, over all divisions."""
    ranks = stats.rankdata(first + second)
    sums = [sum(one) for one in combinations(ranks, len(first))]
    return np.mean(np.array(sums) <= sum(ranks[: len(first)]) + 1e-9)


@pytest.mark.parametrize(("n", "floor"), FLOORS)
def test_two_groups_of_n_cannot_differ_more_than_completely(n, floor):
    found = mann_whitney(range(n), range(n, 2 * n), alternative="two-sided")
    assert found == pytest.approx(2 / math.comb(2 * n, n))
    assert found == pytest.approx(floor, rel=0.04)


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (8, 7), (30, 30)])
def test_without_ties_it_is_the_exact_test_of_scipy(n, m, alternative):
    first, second = np.split(np.random.Generator(np.random.Philox(n)).normal(size=n + m), [n])
    found = mann_whitney(first, second + 0.3, alternative=alternative)
    exact = stats.mannwhitneyu(first, second + 0.3, alternative=alternative, method="exact")
    assert found == pytest.approx(exact.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 1, 1], [2, 2, 2]),
        ([1, 2, 2], [2, 3, 3, 3]),
        ([1, 2, 2, 5], [2, 2, 3]),
        ([4], [4, 4]),
        ([1, 5], [1, 2, 3]),
    ],
)
def test_ties_are_counted_exactly(first, second):
    less = mann_whitney(first, second, alternative="less")
    greater = mann_whitney(second, first, alternative="greater")
    assert less == pytest.approx(counted(first, second))
    assert greater == pytest.approx(less)


def test_less_means_that_the_first_group_is_smaller():
    assert mann_whitney([1, 2, 3], [4, 5, 6], alternative="less") == pytest.approx(0.05)
    assert mann_whitney([1, 2, 3], [4, 5, 6], alternative="greater") == pytest.approx(1.0)


def test_equal_groups_show_nothing():
    assert mann_whitney([5.0] * 4, [5.0] * 4, alternative="two-sided") == 1.0


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_large_groups_are_approximated(alternative):
    first, second = np.arange(31.0), np.arange(30.0) + 4
    found = mann_whitney(first, second, alternative=alternative)
    approximate = stats.mannwhitneyu(
        first, second, alternative=alternative, method="asymptotic"
    )
    nearly = mann_whitney(first[:-1], second, alternative=alternative)
    assert found == pytest.approx(approximate.pvalue)
    assert found == pytest.approx(nearly, abs=0.06)


@pytest.mark.parametrize("n", [5, 15])
def test_equal_distributions_are_told_apart_in_at_most_5_percent_of_cases(n):
    rng = np.random.Generator(np.random.Philox(n))
    groups = rng.normal(size=(1000, 2, n)).round(1)  # with ties
    p_values = [mann_whitney(*one, alternative="two-sided") for one in groups]
    assert 0.01 < np.mean(np.array(p_values) <= 0.05) < 0.05 + 3 * math.sqrt(0.05 / 1000)


def test_an_empty_group_is_refused():
    with pytest.raises(ValueError) as error:
        mann_whitney([], [1.0, 2.0], alternative="less")
    assert str(error.value) == "both groups need values, found 0 and 2"
