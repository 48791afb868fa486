import time

import pytest
import torch

from ncabench.run.pace import Pace, pace
from ncabench.run.reference import Reference
from ncabench.run.timing import Lap

CPU = torch.device("cpu")


def laps(*ms, cpu_ms=None):
    return tuple(Lap(ms=one, cpu_ms=cpu_ms) for one in ms)


def test_the_ratio_is_the_median_of_pairs_not_of_times():
    paced = Pace(own=laps(2.0, 40.0, 6.0), reference=laps(1.0, 10.0, 1.0))  # 2, 4, 6
    assert (paced.ratio, paced.ratio_iqr, paced.reference_ms) == (4.0, 2.0, 1.0)


def test_a_burst_that_meets_both_blocks_of_a_pair_changes_nothing():
    paced = Pace(own=laps(3.0, 300.0, 30.0), reference=laps(1.0, 100.0, 10.0))
    assert (paced.ratio, paced.ratio_iqr) == (3.0, 0.0)


def test_processor_time_leaves_waiting_out():
    paced = Pace(own=laps(90.0, 6.0, cpu_ms=6.0), reference=laps(4.0, 8.0, cpu_ms=2.0))
    assert (paced.cpu_ratio, paced.reference_cores) == (3.0, 0.375)


def test_without_processor_time_its_values_are_none():
    paced = Pace(own=laps(1.0), reference=laps(1.0))
    assert (paced.cpu_ratio, paced.reference_cores) == (None, None)


def test_blocks_without_a_partner_are_refused():
    with pytest.raises(ValueError, match=r"^2 blocks and 1 of the reference make no pairs$"):
        Pace(own=laps(1.0, 1.0), reference=laps(1.0))


def test_no_pairs_are_refused():
    wanted = r"^a pace needs 1 warm-up and 1 pair, not 0 and 0$"
    with pytest.raises(ValueError, match=wanted):
        pace(lambda: None, lambda: None, device=CPU, warm_up=0, blocks=0)


def test_pairs_alternate_in_order():
    calls = []
    act, beside = (lambda: calls.append("A")), (lambda: (calls.append("B"), time.sleep(0.02)))
    pace(act, beside, device=CPU, warm_up=1, blocks=4)
    assert "".join(calls) == "A" + "BBB" + "AB" + "BA" + "AB" + "BA"


def test_a_short_reference_is_repeated_until_its_block_is_as_long():
    calls = []
    paced = pace(
        lambda: time.sleep(0.08),
        lambda: (calls.append("B"), time.sleep(0.01)),
        device=CPU,
        warm_up=1,
        blocks=2,
    )
    assert 3 + 2 * 3 < len(calls) <= 3 + 2 * 64
    assert 2 < paced.ratio < 32  # 8 on a quiet machine


@pytest.mark.parametrize(("times", "least", "most"), [(1, 0.7, 1.4), (2, 1.5, 2.8)])
def test_work_has_its_own_pace_and_twice_the_work_twice_of_it(times, least, most):
    reference = Reference(device=CPU)

    def work():
        for _ in range(times):
            reference.inference()

    paced = pace(work, reference.inference, device=CPU, warm_up=2, blocks=21)
    assert least < paced.cpu_ratio < most
