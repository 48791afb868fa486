"""Differences between shares; their coverage is summed over all outcomes, not simulated."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from ncabench.stats.counts import proportion_difference

TRIALS = 5
SHARES = np.linspace(0, 1, 51)


@cache
def coverage() -> np.ndarray:
    """How often the true difference is covered, by first share and second share."""
    outcomes = range(TRIALS + 1)
    chances = stats.binom.pmf(outcomes, TRIALS, SHARES[:, None])  # (share, outcome)
    true = SHARES - SHARES[:, None]
    total = np.zeros_like(true)
    for one in outcomes:
        for two in outcomes:
            found = proportion_difference((one, TRIALS), (two, TRIALS))
            covered = (found.low <= true + 1e-12) & (true - 1e-12 <= found.high)
            total += chances[:, one, None] * chances[:, two] * covered
    return total


def test_one_success_and_one_failure_are_added_to_each_group():
    found = proportion_difference((1, 8), (7, 8), level=0.9)  # as if 2 and 8 of 10
    assert found.low == pytest.approx(0.6 - 1.64485 * np.sqrt(0.032), abs=1e-5)
    assert found.high == pytest.approx(0.6 + 1.64485 * np.sqrt(0.032), abs=1e-5)
    assert found.level == 0.9


def test_second_minus_first():
    forwards = proportion_difference((1, 5), (4, 5))
    backwards = proportion_difference((4, 5), (1, 5))
    assert (forwards.low, forwards.high) == pytest.approx((-backwards.high, -backwards.low))
    assert forwards.low + forwards.high > 0


def test_a_difference_of_shares_is_at_most_1():
    found = proportion_difference((0, 3), (3, 3))
    assert 0 < found.low < found.high == 1.0
    assert proportion_difference((3, 3), (0, 3)).low == -1.0


def test_equal_shares_are_covered_in_95_of_100_cases():
    assert coverage().diagonal().min() > 0.95


def test_five_against_five_cover_93_percent_save_near_the_corners():
    found = coverage()
    assert found.mean() == pytest.approx(0.966, abs=0.005)
    assert found[10:41, 10:41].min() > 0.93  # both shares from 0.2 to 0.8
    assert (found >= 0.93).mean() > 0.95
    assert found.min() == pytest.approx(0.886, abs=0.002)


@pytest.mark.parametrize("group", [(0, 0), (6, 5), (-1, 5)])
def test_counts_that_cannot_be_are_refused(group):
    with pytest.raises(ValueError) as error:
        proportion_difference((1, 2), group)
    expected = f"successes must lie within 0 and trials, not {group[0]} of {group[1]}"
    assert str(error.value) == expected


def test_a_level_is_a_share():
    with pytest.raises(ValueError) as error:
        proportion_difference((1, 2), (1, 2), level=1.0)
    assert str(error.value) == "level must lie between 0 and 1, not 1.0"
