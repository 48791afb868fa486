import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.noise_patch import NoisePatch


def damaged(count=1, *, height=32, width=32, **settings):
    state = torch.full((count, 2, height, width), 9.0)
    return NoisePatch(**settings)(state, samples=torch.arange(count), draws=Draws(3))


def test_a_quarter_of_the_grid_is_one_rectangle_of_half_its_sides():
    _, touched = damaged(50, height=12, width=7)
    for patch in touched[:, 0]:
        rows, columns = patch.any(dim=1).nonzero(), patch.any(dim=0).nonzero()
        assert (int(rows[-1] - rows[0]), int(columns[-1] - columns[0])) == (5, 2)
        assert int(patch.sum()) == 6 * 3


def test_every_place_inside_the_grid_is_as_likely():
    _, touched = damaged(1800, height=4, width=5)  # 3 x 4 places of 2 x 2 cells
    corners = touched[:, 0].flatten(1).float().argmax(dim=1)
    places, counts = corners.unique(return_counts=True)
    assert places.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]
    assert 110 < int(counts.min()) <= int(counts.max()) < 190  # of 150, sd 12


def test_values_are_uniform_between_the_bounds_and_another_in_each_channel():
    found, touched = damaged(20)
    values = found.movedim(1, -1)[touched[:, 0]]
    assert -1 <= float(values.min()) < -0.99
    assert 0.99 < float(values.max()) < 1
    assert abs(float(values.mean())) < 0.02  # sd 0.006
    assert abs(float(values.std()) - 3**-0.5) < 0.01
    assert len(values.unique()) > 0.99 * values.numel()


def test_share_and_bounds_may_be_others():
    found, touched = damaged(share=1.0, low=2.0, high=3.0)
    assert bool(touched.all())
    assert 2 <= float(found.min()) < float(found.max()) < 3
    assert int(damaged(height=4, width=4, share=0.1)[1].sum()) == 1


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError) as caught:
        NoisePatch(share=share)
    assert str(caught.value) == f"share must be above 0 and at most 1, not {share}"


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError) as caught:
        NoisePatch(low=1.0, high=1.0)
    assert str(caught.value) == "low must be below high, not 1.0 and 1.0"
