"""When a checkpoint is due."""

import pytest

from ncabench.run.checkpoint import Rhythm


def test_a_cheap_checkpoint_is_due_as_often_as_asked():
    rhythm = Rhythm(least_s=60.0, now=100.0)
    rhythm.saved(began=161.0, ended=161.25)  # 50 s would do
    assert not rhythm.due(221.25)
    assert rhythm.due(221.35)


@pytest.mark.parametrize(("share", "wait_s"), [(0.01, 400.0), (0.0025, 1600.0)])
def test_a_costly_checkpoint_takes_its_share_of_the_time_and_no_more(share, wait_s):
    rhythm = Rhythm(least_s=60.0, now=0.0, share=share)
    rhythm.saved(began=61.0, ended=65.0)
    assert not rhythm.due(65.0 + wait_s)
    assert rhythm.due(65.1 + wait_s)


def test_a_checkpoint_that_became_cheap_is_due_sooner_again():
    rhythm = Rhythm(least_s=60.0, now=0.0)
    rhythm.saved(began=61.0, ended=65.0)
    rhythm.saved(began=500.0, ended=500.1)
    assert rhythm.due(561.0)
    assert rhythm.saving_s == pytest.approx(4.1)
