import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.half_plane import HalfPlane

HALVES = {
    "top": (slice(0, 2), slice(None)),
    "bottom": (slice(3, 5), slice(None)),
    "left": (slice(None), slice(0, 3)),
    "right": (slice(None), slice(3, 6)),
}


@pytest.mark.parametrize("side", HALVES)
def test_the_named_half_is_removed_and_an_odd_middle_kept(side):
    state = torch.ones(1, 2, 5, 6)
    damaged, _ = HalfPlane(side=side)(state, samples=torch.tensor([0]), draws=Draws(0))
    expected = torch.ones(5, 6)
    expected[HALVES[side]] = 0.0
    torch.testing.assert_close(damaged[0], expected.expand(2, 5, 6))


def test_random_sides_are_evenly_spread_and_half_is_removed():
    state = torch.ones(400, 1, 6, 6)
    _, touched = HalfPlane()(state, samples=torch.arange(400), draws=Draws(0))
    assert touched.sum(dim=(1, 2, 3)).unique().tolist() == [18]
    kinds, counts = touched.flatten(1).unique(dim=0, return_counts=True)
    assert len(kinds) == 4
    assert int(counts.min()) > 70
