import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.disc import Disc


def touched(perturbation, *, height, width):
    state = torch.ones(1, 1, height, width)
    return perturbation(state, samples=torch.tensor([0]), draws=Draws(0))[1][0, 0]


def test_the_default_touches_what_the_normalised_radius_says():
    axis = torch.linspace(-1, 1, 80, dtype=torch.float64)
    expected = axis[:, None] ** 2 + axis**2 < 0.45**2
    found = touched(Disc(), height=80, width=80)
    assert torch.equal(found, expected)
    assert int(found.sum()) == 1004


def test_a_cell_at_the_radius_is_kept():
    found = touched(Disc(radius=0.5), height=5, width=5)
    assert found.nonzero().tolist() == [[2, 2]]


def test_lengths_follow_each_axis():
    found = touched(Disc(radius=0.6), height=5, width=9)
    assert (int(found[:, 4].sum()), int(found[2].sum())) == (3, 5)


def test_the_centre_is_down_then_right():
    found = touched(Disc(radius=0.1, centre=(1.0, -1.0)), height=5, width=5)
    assert found.nonzero().tolist() == [[4, 0]]


def test_a_radius_of_zero_is_refused():
    with pytest.raises(ValueError) as caught:
        Disc(radius=0.0)
    assert str(caught.value) == "radius must be above 0, not 0.0"
