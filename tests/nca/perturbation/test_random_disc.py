import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.random_disc import RandomDisc

STATE = torch.ones(400, 1, 81, 81)
SAMPLES = torch.arange(400)


def touched(perturbation):
    return perturbation(STATE, samples=SAMPLES, draws=Draws(0))[1][:, 0].float()


def test_the_area_is_that_of_the_drawn_radii():
    share = touched(RandomDisc(radius=(0.0, 0.5), centre=0.5)).mean(dim=(1, 2))
    expected = torch.pi * 0.25 / 3 / 4  # pi times the mean of r squared, of a side of 2
    assert float(share.mean()) == pytest.approx(expected, rel=0.1)
    assert float(share.max()) < torch.pi * 0.25 / 4 * 1.05


def test_the_discs_are_those_of_the_draws():
    drawn = (
        Draws(0).uniform("perturbation/random_disc", samples=SAMPLES, cells=3)[7, 0].double()
    )
    axis = torch.linspace(-1, 1, 81, dtype=torch.float64)
    down, right = (drawn[:2] * 2 - 1) * 0.5
    expected = (axis[:, None] - down) ** 2 + (axis - right) ** 2 < (drawn[2] * 0.5) ** 2
    assert torch.equal(touched(RandomDisc())[7], expected.float())
    assert expected.any()


def test_centres_stay_within_their_range():
    found = touched(RandomDisc(radius=(0.02, 0.02), centre=0.25))
    rows = found.sum(dim=(0, 2)).nonzero().flatten()
    assert 30 <= int(rows.min()) < 33
    assert 47 < int(rows.max()) <= 50


@pytest.mark.parametrize(
    ("radius", "centre"), [((0.4, 0.1), 0.5), ((-0.1, 0.5), 0.5), ((0.0, 0.5), -1.0)]
)
def test_an_impossible_range_is_refused(radius, centre):
    with pytest.raises(ValueError) as caught:
        RandomDisc(radius=radius, centre=centre)
    assert str(caught.value) == (
        "radius must be 0 <= least <= greatest and centre at least 0, "
        f"not {radius} and {centre}"
    )
