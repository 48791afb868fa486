"""Integration over a standard normal value."""

import math

import numpy as np
import pytest

from ncabench.stats.normal import expectation


@pytest.mark.parametrize(("power", "moment"), [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0)])
def test_moments_are_those_of_the_standard_normal(power, moment):
    found = expectation(lambda at: at**power, low=-math.inf, high=math.inf)
    assert found == pytest.approx(moment, abs=1e-12)


def test_only_what_lies_between_the_bounds_counts():
    assert expectation(np.ones_like, low=0.0, high=math.inf) == pytest.approx(0.5)
    assert expectation(np.ones_like, low=2.0, high=2.0) == 0.0
    assert expectation(np.ones_like, low=10.0, high=math.inf) == 0.0
