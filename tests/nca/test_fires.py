"""Masks by the names of their draws are the draws' masks."""

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.fires import Fires, drawn


def fires(**changes):
    given = {"height": 3, "width": 5, "rate": 0.5, "samples": torch.tensor([4, 9])}
    return Fires(draws=Draws(1), purpose="train/fire", steps=range(6), **{**given, **changes})


def test_they_are_the_masks_of_the_draws():
    named = {"samples": torch.tensor([4, 9]), "steps": range(6), "height": 3, "width": 5}
    wanted = Draws(1).masks("train/fire", **named, rate=0.5)
    assert torch.equal(drawn(fires()), wanted)
    assert drawn(wanted) is wanted
    assert drawn(None) is None


def test_the_first_steps_are_a_slice_whatever_is_drawn_together():
    whole = fires()
    assert torch.equal(whole[:4].masks(), whole.masks()[:4])
    assert torch.equal(whole[:4][:2].masks(), whole.masks()[:2])
    assert [len(one) for one in (whole, whole[:4], whole[:4][:2], whole[:99])] == [6, 4, 2, 6]


def test_other_steps_than_the_first_are_refused():
    with pytest.raises(ValueError) as caught:
        fires()[2:]
    assert str(caught.value) == "masks are of the first steps, not of [2:...]"
