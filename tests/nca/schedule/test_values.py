import math

import pytest

from ncabench.nca.schedule.constant import Constant
from ncabench.nca.schedule.cosine import Cosine
from ncabench.nca.schedule.restarts import Restarts
from ncabench.nca.schedule.stable_decay import StableDecay


def factors(schedule, iterations):
    return [schedule.factor(i, iterations) for i in range(iterations)]


def test_a_constant_rate_is_constant_after_its_rise():
    assert factors(Constant(), 3) == [1.0, 1.0, 1.0]
    assert factors(Constant(warm_up=2), 4) == [0.0, 0.5, 1.0, 1.0]


def test_a_cosine_starts_its_fall_where_the_rise_ends():
    found = factors(Cosine(warm_up=2), 8)
    falling = [(1 + math.cos(math.pi * done / 6)) / 2 for done in range(6)]
    assert found == pytest.approx([0.0, 0.5, *falling])
    assert found[4] == pytest.approx(0.75)


def test_a_cosine_of_a_training_shorter_than_its_rise_only_rises():
    assert factors(Cosine(warm_up=10), 3) == [0.0, 0.1, 0.2]


def test_a_stable_rate_falls_only_over_its_last_part():
    found = factors(StableDecay(warm_up=4, decay=0.5), 16)
    falling = [(1 + math.cos(math.pi * done / 8)) / 2 for done in range(8)]
    assert found == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, *falling])


def test_restarts_drop_at_milestones_and_begin_anew_each_period():
    found = factors(Restarts(milestones=(1, 2), drop=0.5, period=4), 6)
    assert found == [1.0, 0.5, 0.25, 0.25, 1.0, 0.5]


def test_restarts_without_a_period_never_begin_anew():
    found = factors(Restarts(milestones=(1,), drop=0.5, warm_up=4), 6)
    assert found == [0.0, 0.125, 0.25, 0.375, 0.5, 0.5]


@pytest.mark.parametrize(
    "make",
    [Constant, Cosine, StableDecay, lambda warm_up: Restarts(milestones=(), warm_up=warm_up)],
)
def test_a_negative_rise_is_refused(make):
    with pytest.raises(ValueError) as caught:
        make(warm_up=-1)
    assert str(caught.value) == "warm_up counts iterations, so at least 0, not -1"


def test_shares_out_of_range_are_refused():
    with pytest.raises(ValueError) as decay:
        StableDecay(decay=0.0)
    with pytest.raises(ValueError) as drop:
        Restarts(milestones=(), drop=1.5)
    with pytest.raises(ValueError) as period:
        Restarts(milestones=(), period=0)
    assert str(decay.value) == "decay is a share of the iterations, in (0, 1], not 0.0"
    assert str(drop.value) == "drop multiplies the rate, so it is in (0, 1], not 1.5"
    assert str(period.value) == "period counts iterations, so at least 1, not 0"
