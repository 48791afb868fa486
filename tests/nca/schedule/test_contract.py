"""What every schedule must do, whichever it is. New ones are tested unasked."""

import math

import pytest

from ncabench import catalog
from ncabench.nca.schedule import Schedule

LENGTHS = (1, 2, 17, 1000)
NEEDED = {"int": 3, "float": 0.5, "tuple[int, ...]": (5, 12), "tuple[float, ...]": (0.5, 0.25)}


@pytest.fixture(params=catalog.kinds("schedule"))
def make(request: pytest.FixtureRequest):
    parameters = catalog.describe("schedule", request.param).parameters
    needed = {
        one.name: NEEDED[one.annotation]
        for one in parameters
        if one.default is catalog.REQUIRED
    }
    warm = {"warm_up": 4} if any(one.name == "warm_up" for one in parameters) else {}

    def build(*, warm_up: bool) -> Schedule:
        return catalog.find("schedule", request.param)(**needed, **(warm if warm_up else {}))

    return build


def factors(schedule, iterations):
    return [schedule.factor(i, iterations) for i in range(iterations)]


@pytest.mark.parametrize("warm_up", [False, True])
@pytest.mark.parametrize("iterations", LENGTHS)
def test_factors_are_finite_and_in_0_to_1(make, warm_up, iterations):
    found = factors(make(warm_up=warm_up), iterations)
    assert all(math.isfinite(factor) and 0 <= factor <= 1 for factor in found)


def test_a_factor_depends_on_nothing_but_its_arguments(make):
    schedule = make(warm_up=True)
    forward = factors(schedule, 17)
    backward = [schedule.factor(i, 17) for i in reversed(range(17))]
    assert forward == backward[::-1]


def test_the_rate_reaches_its_whole_height(make):
    assert max(factors(make(warm_up=False), 1000)) == 1.0
