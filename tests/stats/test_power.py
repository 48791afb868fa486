"""What n runs can show: against tables, simulation, and each other."""

import math

import numpy as np
import pytest
from scipy import stats

from ncabench.stats.interval import t_interval
from ncabench.stats.power import minimum_detectable_difference, seeds_to_detect

SETS = 4000


@pytest.mark.parametrize(
    ("power", "effect", "n"),  # n as power tables of the one-sample t test give it
    [(0.8, 0.2, 199), (0.8, 0.5, 34), (0.8, 0.8, 15), (0.9, 0.5, 44), (0.95, 0.5, 54)],
)
def test_the_number_of_runs_is_that_of_the_tables(power, effect, n):
    assert seeds_to_detect(effect, 1.0, power=power) == n
    assert seeds_to_detect(-effect, 1.0, power=power) == n


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("power", [0.8, 0.5])
def test_the_difference_is_found_as_often_as_the_power_says(n, power):
    difference = minimum_detectable_difference(2.0, n, power=power)
    rng = np.random.Generator(np.random.Philox(n))
    runs = rng.normal(difference, 2.0, size=(SETS, n)).tolist()
    found = np.mean([0.0 not in t_interval(values) for values in runs])
    assert found == pytest.approx(power, abs=0.02)


@pytest.mark.parametrize(("n", "shift"), [(2, 16.334), (5, 3.761), (1000, 2.804)])
def test_the_difference_is_in_standard_errors_what_the_noncentral_t_gives(n, shift):
    found = minimum_detectable_difference(3.0, n) * math.sqrt(n) / 3.0
    assert found == pytest.approx(shift, abs=1e-3)


@pytest.mark.parametrize(("n", "power"), [(3, 0.06), (5, 0.1), (30, 0.3)])
def test_a_weak_test_also_rejects_on_the_wrong_side(n, power):
    shift = minimum_detectable_difference(1.0, n, power=power) * math.sqrt(n)
    t = stats.t.ppf(0.975, n - 1)
    right, wrong = stats.nct.sf(t, n - 1, shift), stats.nct.cdf(-t, n - 1, shift)
    assert right + wrong == pytest.approx(power, abs=1e-7)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("power", [0.51, 0.9, 0.999])
def test_more_runs_always_show_smaller_differences(level, power):
    given = {"level": level, "power": power}
    found = [minimum_detectable_difference(1.0, n, **given) for n in (*range(2, 30), 300)]
    assert (np.diff(found) < 0).all()


def test_one_run_shows_nothing_and_runs_without_spread_everything():
    assert minimum_detectable_difference(1.0, 1) == math.inf
    assert minimum_detectable_difference(0.0, 2) == 0.0
    assert seeds_to_detect(1e-9, 0.0) == 2


@pytest.mark.parametrize("effect", [5.0, 1.0, 0.31, 0.1])
def test_the_number_of_runs_is_the_least_that_shows_the_effect(effect):
    n = seeds_to_detect(effect, 1.0)
    assert minimum_detectable_difference(1.0, n) <= effect
    assert minimum_detectable_difference(1.0, n - 1) > effect


def test_there_may_be_no_number_of_runs():
    assert seeds_to_detect(0.0, 1.0) is None
    assert seeds_to_detect(0.0, 0.0) is None
    assert seeds_to_detect(0.5, 1.0, most=34) == 34
    assert seeds_to_detect(0.5, 1.0, most=33) is None
    assert seeds_to_detect(0.5, 1.0, most=1) is None


@pytest.mark.parametrize("sd", [-1.0, math.nan])
def test_an_sd_is_not_negative(sd):
    for ask in (minimum_detectable_difference, seeds_to_detect):
        with pytest.raises(ValueError) as error:
            ask(sd, 3) if ask is minimum_detectable_difference else ask(1.0, sd)
        assert str(error.value) == f"sd must be 0 or more, not {sd}"


@pytest.mark.parametrize("power", [0.05, 1.0])
def test_a_power_is_more_than_the_chance_of_a_false_alarm(power):
    with pytest.raises(ValueError) as error:
        minimum_detectable_difference(1.0, 3, power=power)
    expected = f"power must lie between 1 - level and 1, not {power} for a level of 0.95"
    assert str(error.value) == expected
