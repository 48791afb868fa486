"""Paired differences: which runs are paired, and what pairing gains."""

import math

import numpy as np
import pytest
from scipy import stats

from ncabench.stats.interval import t_interval
from ncabench.stats.pairs import paired

SETS, N, DIFFERENCE = 2000, 5, 0.7


def correlated() -> list[tuple[dict[int, float], dict[int, float]]]:
    """Pairs that share nine tenths of their variance."""
    rng = np.random.Generator(np.random.Philox(11))
    shared, own, other = rng.normal(size=(3, SETS, N)) * np.sqrt([[[0.9]], [[0.1]], [[0.1]]])
    first, second = shared + own, shared + other + DIFFERENCE
    return [
        (dict(enumerate(one)), dict(enumerate(two)))
        for one, two in zip(first.tolist(), second.tolist(), strict=True)
    ]


def test_runs_are_paired_by_rng_seed_and_others_are_left_out():
    found = paired({8: 1.0, 1: 5.0, 0: 9.0}, {8: 3.0, 2: 0.0, 1: 5.5})
    assert found.keys == (1, 8)
    assert found.differences == (0.5, 2.0)
    assert (found.n, found.mean) == (2, 1.25)
    assert found.sd == pytest.approx(1.5 / math.sqrt(2))
    assert found.interval == t_interval([0.5, 2.0])


def test_the_p_value_is_that_of_the_paired_t_test():
    first, second = [1.0, 2.0, 4.0, 3.0], [1.5, 2.1, 5.0, 3.2]
    found = paired(dict(enumerate(first)), dict(enumerate(second)), level=0.9)
    assert found.p_value == pytest.approx(stats.ttest_rel(second, first).pvalue)
    assert found.interval.level == 0.9


def test_one_pair_has_a_difference_and_no_more():
    found = paired({0: 1.0}, {0: 3.0})
    assert (found.mean, found.sd, found.p_value) == (2.0, None, None)
    assert found.interval.half_width == math.inf


@pytest.mark.parametrize(("difference", "p_value"), [(0.0, 1.0), (0.5, 0.0)])
def test_equal_differences_leave_no_doubt(difference, p_value):
    found = paired({0: 1.0, 1: 2.0}, {0: 1.0 + difference, 1: 2.0 + difference})
    assert found.p_value == p_value
    assert (found.interval.low, found.interval.high) == (difference, difference)


def test_models_without_a_shared_rng_seed_cannot_be_paired():
    with pytest.raises(ValueError) as error:
        paired({1: 1.0, 0: 2.0}, {2: 1.0})
    expected = "no rng_seed is in both: the first has [0, 1], the second has [2]"
    assert str(error.value) == expected


def test_the_true_difference_is_covered_as_often_as_the_level_says():
    covered = np.mean([DIFFERENCE in paired(*one).interval for one in correlated()])
    assert covered == pytest.approx(0.95, abs=0.0147)  # 3 standard errors


def test_pairing_narrows_the_interval_of_correlated_runs():
    ours = [paired(one, two).interval.half_width for one, two in correlated()]
    first, second = (np.array([list(d[i].values()) for d in correlated()]) for i in (0, 1))
    unpaired = stats.ttest_ind(second, first, axis=1).confidence_interval()
    theirs = (unpaired.high - unpaired.low) / 2
    assert np.mean(ours) < 0.5 * np.mean(theirs)
