"""The order of configurations, against Python's own generator and the published numbers."""

import random
from collections import Counter

import pytest

from ncabench.nca.task import _masking as masking

PRINTED = (500, 727, 1057, 1537, 2236, 3251, 4728, 6876, 10_000)


def test_configurations_go_by_coverage_first():
    assert (
        *((0.25, 1), (0.25, 2), (0.25, 4)),
        *((0.5, 1), (0.5, 2), (0.5, 4)),
        *((0.75, 1), (0.75, 2), (0.75, 4)),
    ) == masking.CONFIGURATIONS


def test_thresholds_of_the_papers_length_are_the_papers():
    assert masking.thresholds(iterations=100_000, unlock=(0.005, 0.1)) == PRINTED


def test_thresholds_of_another_length_are_in_proportion():
    found = masking.thresholds(iterations=10_000, unlock=(0.005, 0.1))
    assert found == (50, 72, 105, 153, 223, 325, 472, 687, 1000)


@pytest.mark.parametrize("unlock", [(0.0, 0.1), (0.2, 0.1), (0.1, 1.1)])
def test_shares_that_do_not_rise_are_refused(unlock):
    with pytest.raises(ValueError, match=r"^unlock must be 0 < first <= last <= 1, not \["):
        masking.thresholds(iterations=100, unlock=unlock)


@pytest.mark.parametrize("seed", [0, 1, 2, 311, 100_003])
def test_the_order_is_that_of_pythons_generator(seed):
    generator = random.Random(seed)
    expected = [generator.choice(range(9)) for _ in range(700)]
    assert masking.in_order(seed, 700) == expected
    assert masking.in_order(seed, 3) == expected[:3]


def test_tests_meet_configurations_as_often_as_the_papers_code():
    met = Counter(masking.in_order(1, 312))
    assert [met[one] for one in range(9)] == [37, 34, 30, 35, 35, 29, 38, 31, 43]
    met = Counter(masking.in_order(1, 623))
    assert [met[one] for one in range(9)] == [65, 69, 64, 68, 78, 61, 72, 62, 84]


def test_validations_seed_each_batch_anew():
    assert masking.validation_order(12) == [2, 0, 3, 3, 4, 1, 5, 3, 7, 0, 7, 7]
