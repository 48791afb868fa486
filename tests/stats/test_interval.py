"""Student's t intervals: values, edges, and how often they hold what they promise."""

import math

import numpy as np
import pytest
from scipy import stats

from ncabench.stats.interval import (
    Interval,
    prediction_interval,
    summary,
    t_interval,
)

SETS = 4000


def normal(n: int) -> list[list[float]]:
    return np.random.Generator(np.random.Philox(n)).normal(size=(SETS, n)).tolist()


def scaled(n: int) -> list[float]:
    """n values with mean 0 and sd 1."""
    values = np.arange(n) - (n - 1) / 2
    return (values / values.std(ddof=1)).tolist()


def test_an_interval_includes_its_bounds():
    interval = Interval(low=-1.0, high=3.0, level=0.9)
    assert -1.0 in interval
    assert 3.0 in interval
    assert 3.1 not in interval
    assert interval.half_width == 2.0


@pytest.mark.parametrize(("n", "half_width"), [(3, 2.484), (5, 1.242), (10, 0.715)])
def test_the_half_width_in_units_of_the_sd_is_that_of_the_tables(n, half_width):
    interval = t_interval(scaled(n))
    assert interval.half_width == pytest.approx(half_width, abs=5e-4)
    assert interval.low == pytest.approx(-interval.high)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_the_interval_is_the_one_that_scipy_gives(level):
    values = [0.3, 1.7, -0.2, 4.0]
    expected = stats.ttest_1samp(values, 0).confidence_interval(level)
    found = t_interval(values, level=level)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-12)
    assert found.level == level


@pytest.mark.parametrize("interval", [t_interval, prediction_interval])
@pytest.mark.parametrize("values", [[], [7.0]])
def test_fewer_than_two_values_exclude_nothing(interval, values):
    assert interval(values) == Interval(low=-math.inf, high=math.inf, level=0.95)
    assert interval(values).half_width == math.inf


@pytest.mark.parametrize("interval", [t_interval, prediction_interval])
def test_values_without_spread_have_a_point_as_interval(interval):
    assert interval([0.1, 0.1, 0.1]) == Interval(low=0.1, high=0.1, level=0.95)


def test_one_more_run_lies_within_a_wider_interval_than_the_mean():
    of_mean, of_run = t_interval(scaled(5)), prediction_interval(scaled(5))
    assert of_run.half_width == pytest.approx(of_mean.half_width * math.sqrt(6))
    assert of_run.half_width == pytest.approx(3.041, abs=5e-4)


def test_a_summary_divides_by_n_minus_1():
    found = summary([1.0, 2.0, 3.0, 6.0])
    assert (found.n, found.mean) == (4, 3.0)
    assert found.sd == pytest.approx(math.sqrt(14 / 3))
    assert found.interval == t_interval([1.0, 2.0, 3.0, 6.0])


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 123456.789, -7e11])
@pytest.mark.parametrize("n", [2, 3, 7, 49])
def test_equal_values_have_themselves_as_mean_and_no_spread(value, n):
    found = summary([value] * n)
    assert (found.mean, found.sd) == (value, 0.0)


def test_small_spreads_on_large_values_are_kept():
    found = summary([1e9 + 1e-3, 1e9 + 2e-3, 1e9 + 3e-3])
    assert found.sd == pytest.approx(1e-3, rel=1e-3)


def test_a_summary_of_one_value_has_no_sd():
    found = summary([7.0])
    assert (found.n, found.mean, found.sd) == (1, 7.0, None)
    assert found.interval.half_width == math.inf


def test_a_summary_of_nothing_is_refused():
    with pytest.raises(ValueError) as error:
        summary([])
    assert str(error.value) == "a summary needs at least one value, found none"


@pytest.mark.parametrize("function", [summary, t_interval, prediction_interval])
def test_values_that_are_no_numbers_are_refused(function):
    with pytest.raises(ValueError) as error:
        function([1.0, math.nan])
    assert str(error.value) == "statistics need finite values, found nan at index 1"


@pytest.mark.parametrize("function", [summary, t_interval, prediction_interval])
@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_is_a_share(function, level):
    with pytest.raises(ValueError) as error:
        function([1.0], level=level)
    assert str(error.value) == f"level must lie between 0 and 1, not {level}"


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_mean_is_covered_as_often_as_the_level_says(n, level):
    covered = np.mean([0.0 in t_interval(values, level=level) for values in normal(n)])
    assert covered == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / SETS))


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_next_run_is_covered_as_often_as_the_level_says(n):
    runs = normal(n + 1)
    covered = np.mean([last in prediction_interval(before) for *before, last in runs])
    assert covered == pytest.approx(0.95, abs=0.0103)
