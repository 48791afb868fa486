import time

import pytest
import torch

from ncabench.run.timing import Blocks, time_blocks

CPU = torch.device("cpu")


def test_quartiles_are_linear_between_blocks():
    blocks = Blocks(ms=(40.0, 10.0, 30.0, 20.0))  # quartiles 17.5 and 32.5
    assert (blocks.median, blocks.iqr) == (25.0, 15.0)
    assert (blocks.least, blocks.greatest) == (10.0, 40.0)


def test_one_block_has_no_spread():
    assert Blocks(ms=(3.0,)).iqr == 0.0


def test_a_sleep_is_timed_in_milliseconds_per_call():
    timed = time_blocks(
        lambda: time.sleep(0.002), device=CPU, warm_up=0, blocks=3, repeats_per_block=4
    )
    assert len(timed.ms) == 3
    assert 2.0 <= timed.least < 20.0


def test_calls_are_warm_up_and_blocks_and_no_more():
    calls = []
    time_blocks(lambda: calls.append(1), device=CPU, warm_up=2, blocks=3, repeats_per_block=4)
    assert len(calls) == 2 + 3 * 4


def test_warm_up_is_off_the_clock():
    pauses = iter([0.3, 0.0, 0.0])
    timed = time_blocks(lambda: time.sleep(next(pauses)), device=CPU, warm_up=1, blocks=2)
    assert timed.greatest < 200.0


def test_no_blocks_are_refused():
    wanted = r"^timing needs 1 block of 1 call or more, not 0 of 1$"
    with pytest.raises(ValueError, match=wanted):
        time_blocks(lambda: None, device=CPU, warm_up=0, blocks=0)
