"""Inside, outside or open: values, error rates, and how many runs would tell."""

import math

import numpy as np
import pytest

from ncabench.stats.equivalence import chance_to_confirm, equivalent, seeds_to_confirm

SETS = 2500


def verdicts(mean: float, *, n: int, low: float, high: float, sd: float = 1.0) -> list[str]:
    rng = np.random.Generator(np.random.Philox(n))
    runs = rng.normal(mean, sd, size=(SETS, n)).tolist()
    return [equivalent(values, low=low, high=high) for values in runs]


def share(word: str, found: list[str]) -> float:
    return found.count(word) / len(found)


@pytest.mark.parametrize(
    ("half_width", "verdict"),  # of 5 values with sd 1: 0.953 at 90 %, 1.242 at 95 %
    [(0.95, "open"), (0.96, "inside")],
)
def test_inside_needs_the_90_percent_interval_within_the_bounds(half_width, verdict):
    values = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) / math.sqrt(2.5)
    assert equivalent(values, low=-half_width, high=half_width) == verdict
    assert equivalent(values, low=-half_width, high=math.inf) == verdict


@pytest.mark.parametrize(("bound", "verdict"), [(1.24, "open"), (1.25, "outside")])
def test_outside_needs_the_95_percent_interval_beyond_a_bound(bound, verdict):
    values = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) / math.sqrt(2.5)
    assert equivalent(values, low=bound, high=9.0) == verdict
    assert equivalent(values, low=-9.0, high=-bound) == verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(1.0, "inside"), (1.5, "inside"), (1.6, "outside")]
)
def test_values_without_spread_are_where_they_are(value, verdict):
    assert equivalent([value] * 3, low=1.0, high=1.5) == verdict


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_run_leaves_everything_open(values):
    assert equivalent(values, low=-math.inf, high=math.inf) == "open"


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError) as error:
        equivalent([1.0, 2.0], low=1.0, high=0.5)
    assert str(error.value) == "the margin's low 1.0 must not be above its high 0.5"


@pytest.mark.parametrize("level", [0.5, 1.0])
def test_a_level_leaves_room_for_two_one_sided_tests(level):
    with pytest.raises(ValueError) as error:
        equivalent([1.0, 2.0], low=0.0, high=0.5, level=level)
    assert str(error.value) == f"level must lie between 0.5 and 1, not {level}"


@pytest.mark.parametrize("n", [3, 5, 10])
def test_a_mean_on_the_bound_is_rarely_called_inside(n):
    falsely = share("inside", verdicts(1.0, n=n, low=-9.0, high=1.0))
    assert falsely == pytest.approx(0.05, abs=0.0131)  # 3 standard errors


def test_a_mean_on_the_bound_of_a_narrow_margin_is_more_rarely_called_inside():
    assert share("inside", verdicts(1.0, n=5, low=-1.0, high=1.0)) <= 0.062


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize(("low", "rate"), [(-9.0, 0.025), (1.0, 0.05)])
def test_a_mean_on_the_bound_is_rarely_called_outside(n, low, rate):
    falsely = share("outside", verdicts(1.0, n=n, low=low, high=1.0))
    assert falsely == pytest.approx(rate, abs=3 * math.sqrt(rate / SETS))


@pytest.mark.parametrize(("n", "distance"), [(3, 3.0), (5, 1.2), (5, 2.0), (10, 0.9)])
def test_the_chance_to_confirm_is_how_often_inside_is_said(n, distance):
    found = share("inside", verdicts(0.0, n=n, low=-distance, high=distance))
    assert found == pytest.approx(chance_to_confirm(distance, 1.0, n=n), abs=0.027)


def test_a_mean_nearer_to_one_bound_is_confirmed_more_often_than_the_chance_says():
    found = share("inside", verdicts(0.0, n=5, low=-1.2, high=4.0))
    assert found > chance_to_confirm(1.2, 1.0, n=5) + 0.05


def test_nothing_is_confirmed_on_the_bound_or_by_one_run():
    assert chance_to_confirm(0.0, 1.0, n=9) == 0.0
    assert chance_to_confirm(1.0, 1.0, n=1) == 0.0
    assert chance_to_confirm(1.0, 0.0, n=2) == 1.0
    assert chance_to_confirm(30.0, 1.0, n=500) == pytest.approx(1.0)


@pytest.mark.parametrize(("distance", "power"), [(2.0, 0.8), (1.0, 0.8), (0.5, 0.9)])
def test_the_number_of_runs_confirms_as_often_as_the_power_says(distance, power):
    n = seeds_to_confirm(distance, 1.0, power=power)
    found = share("inside", verdicts(0.0, n=n, low=-distance, high=distance))
    assert found >= power - 0.025
    assert chance_to_confirm(distance, 1.0, n=n - 1) < power


@pytest.mark.parametrize("distance", [0.1, 0.2, 0.3])
def test_many_runs_agree_with_the_normal_approximation(distance):
    expected = ((1.6449 + 1.2816) / distance) ** 2  # one-sided 5 %, a tenth missed a side
    assert seeds_to_confirm(distance, 1.0) == pytest.approx(expected, abs=2)


def test_there_may_be_no_number_of_runs():
    assert seeds_to_confirm(0.0, 1.0) is None
    assert seeds_to_confirm(0.0, 0.0) is None
    assert seeds_to_confirm(-1.0, 1.0) is None
    assert seeds_to_confirm(0.01, 1.0) is None
    assert seeds_to_confirm(0.01, 0.0) == 2
    assert seeds_to_confirm(1.0, 1.0, most=11) == 11
    assert seeds_to_confirm(1.0, 1.0, most=10) is None


def test_an_sd_is_not_negative():
    with pytest.raises(ValueError) as error:
        seeds_to_confirm(1.0, -1.0)
    assert str(error.value) == "sd must be 0 or more, not -1.0"


@pytest.mark.parametrize("power", [0.4, 1.0])
def test_a_power_is_at_least_a_half(power):
    with pytest.raises(ValueError) as error:
        seeds_to_confirm(1.0, 1.0, power=power)
    assert str(error.value) == f"power must be at least 0.5 and below 1, not {power}"
