"""Resamples, the interquartile mean, and how often bootstrap intervals cover."""

import math

import numpy as np
import pytest
from scipy import stats

from ncabench.stats.bootstrap import (
    bootstrap_interval,
    interquartile_means,
    iqm,
    means,
    resamples,
)

SETS = 2000


def normal(n: int, *, sets: int = SETS) -> np.ndarray:
    return np.random.Generator(np.random.Philox(100 + n)).normal(size=(sets, n))


def share_covered(n: int, **given) -> float:
    picks = resamples(n, 2000, rng_seed=1)
    return np.mean([0.0 in bootstrap_interval(one, picks, **given) for one in normal(n)])


def test_resamples_are_the_same_for_the_same_key_and_others_for_another():
    first, again, other = (resamples(5, 40, rng_seed=key) for key in (3, 3, 4))
    assert first.shape == (40, 5)
    assert first.dtype == np.int64
    assert (first == again).all()
    assert (first != other).any()


def test_resamples_take_every_value_equally_often():
    counts = np.bincount(resamples(4, 10_000, rng_seed=0).ravel(), minlength=4)
    assert counts.sum() == 40_000
    assert np.abs(counts / 10_000 - 1).max() < 0.04  # about 4.6 standard errors


@pytest.mark.parametrize(("n", "count"), [(0, 1), (1, 0)])
def test_resamples_of_nothing_are_refused(n, count):
    with pytest.raises(ValueError) as error:
        resamples(n, count, rng_seed=0)
    expected = f"resamples need n and count of at least 1, not {n} and {count}"
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4.0], 4.0),
        ([1.0, 3.0], 2.0),
        ([9.0, 1.0, 2.0], (1 / 4 * 1 + 2 + 1 / 4 * 9) / 1.5),
        ([0.0, 2.0, 4.0, 60.0], 3.0),
        ([-90.0, 1.0, 2.0, 4.0, 80.0], (3 / 4 * 1 + 2 + 3 / 4 * 4) / 2.5),
        ([-9.0, 0.0, 2.0, 4.0, 5.0, 60.0], (0.5 * 0 + 2 + 4 + 0.5 * 5) / 3),
    ],
)
def test_quartiles_may_cut_values(values, expected):
    assert iqm(values) == pytest.approx(expected)


def test_the_interquartile_mean_trims_whole_values_where_4_divides_n():
    rows = normal(12, sets=7)
    np.testing.assert_allclose(interquartile_means(rows), stats.trim_mean(rows, 0.25, axis=1))


def test_an_interquartile_mean_of_nothing_is_refused():
    with pytest.raises(ValueError) as error:
        iqm([])
    assert str(error.value) == "an interquartile mean needs at least one value, found none"


def test_bounds_are_the_quantiles_that_give_a_normal_mean_its_t_interval():
    values, picks = [0.0, 1.0, 2.0, 3.0, 10.0, 4.0], resamples(6, 3000, rng_seed=2)
    tail = stats.norm.cdf(-2.5706 * math.sqrt(6 / 5))  # t of 5 degrees of freedom
    expected = np.quantile(np.array(values)[picks].mean(axis=1), [tail, 1 - tail])
    found = bootstrap_interval(values, picks)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-3)


def test_the_statistic_is_what_is_resampled():
    values, picks = [1.0, 2.0, 3.0, 4.0, 500.0, 6.0, 7.0, 8.0], resamples(8, 2000, rng_seed=2)
    robust = bootstrap_interval(values, picks, statistic=interquartile_means, level=0.5)
    fragile = bootstrap_interval(values, picks, statistic=means, level=0.5)
    assert robust.high < 10 < fragile.high
    assert robust.level == 0.5


@pytest.mark.parametrize("values", [[], [2.0]])
def test_fewer_than_two_values_exclude_nothing(values):
    found = bootstrap_interval(values, resamples(1, 10, rng_seed=0))
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_values_without_spread_have_a_point_as_interval():
    found = bootstrap_interval([0.1] * 4, resamples(4, 10, rng_seed=0))
    assert found.low == found.high == pytest.approx(0.1)


def test_picks_for_another_number_of_values_are_refused():
    with pytest.raises(ValueError) as error:
        bootstrap_interval([1.0, 2.0, 3.0], resamples(4, 10, rng_seed=0))
    assert str(error.value) == "picks must be (count, 3) for 3 values, not (10, 4)"


@pytest.mark.parametrize(("n", "truth"), [(3, 0.75), (5, 0.917), (10, 0.945), (30, 0.95)])
def test_a_mean_is_covered_as_often_as_the_docstring_says(n, truth):
    within = 3 * math.sqrt(truth * (1 - truth) / SETS)
    assert share_covered(n) == pytest.approx(truth, abs=within)


@pytest.mark.parametrize(("n", "truth"), [(5, 0.94), (10, 0.967)])
def test_an_interquartile_mean_is_covered_as_often_as_the_docstring_says(n, truth):
    within = 3 * math.sqrt(truth * (1 - truth) / SETS)
    covered = share_covered(n, statistic=interquartile_means)
    assert covered == pytest.approx(truth, abs=within)


@pytest.mark.parametrize("n", [5, 10])
def test_bca_and_percentile_intervals_cover_less(n):
    ours = share_covered(n)
    for method in ("BCa", "percentile"):
        found = stats.bootstrap(
            (normal(n),), np.mean, axis=-1, method=method, n_resamples=1000, batch=100, rng=0
        ).confidence_interval
        theirs = np.mean((found.low <= 0) & (found.high >= 0))
        assert theirs < ours - 0.025
