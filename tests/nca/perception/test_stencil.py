import re

import pytest
import torch
from torch.nn.functional import unfold

from ncabench.nca.perception.stencil import Stencil

ACROSS = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
LAPLACIAN = torch.tensor([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]])


def test_one_cell_shows_every_sum_mirrored():
    spot = torch.zeros(1, 1, 5, 5)
    spot[0, 0, 2, 2] = 1.0
    value, across, down, laplacian = Stencil(1)(spot)[0, :, 1:4, 1:4]
    torch.testing.assert_close(value, spot[0, 0, 1:4, 1:4])
    torch.testing.assert_close(across, -ACROSS)
    torch.testing.assert_close(down, -ACROSS.T)
    torch.testing.assert_close(laplacian, LAPLACIAN)


def test_percepts_stand_channel_by_channel():
    across, down = torch.arange(6.0).expand(6, 6), 3 * torch.arange(6.0)[:, None].expand(6, 6)
    ramps = torch.stack([across, down + 1])
    percepts = Stencil(2)(ramps[None])[0, :, 3, 3]
    expected = [3.0, 8.0, 0.0, 0.0, 10.0, 0.0, 24.0, 0.0]
    torch.testing.assert_close(percepts, torch.tensor(expected))


def test_the_grid_is_a_torus():
    edge = torch.zeros(1, 1, 4, 4)
    edge[0, 0, 0, 0] = 1.0  # the upper left corner, seen from the lower right
    torch.testing.assert_close(Stencil(1)(edge)[0, :, 3, 3], torch.tensor([0.0, 1.0, 1.0, 1.0]))


def test_sums_are_those_of_the_nine_cells_around():
    state = torch.randn(2, 3, 6, 7, generator=torch.Generator().manual_seed(0))
    nine = unfold(state, 3).view(2, 3, 9, 4, 5)  # inner cells
    for row, kernel in ((1, ACROSS), (2, ACROSS.T), (3, LAPLACIAN)):
        expected = (nine * kernel.reshape(9, 1, 1)).sum(dim=2)
        torch.testing.assert_close(Stencil(3)(state)[:, row::4, 1:-1, 1:-1], expected)


def test_distances_divide_derivatives_along_their_axis():
    x, y = torch.arange(7.0) - 3, (torch.arange(7.0) - 3)[:, None]
    field = (3 * x + 5 * y + x**2 + 2 * y**2).view(1, 1, 7, 7)  # second derivatives 2 and 4
    _, across, down, laplacian = Stencil(1, dx=2.0, dy=0.5)(field)[0, :, 3, 3]
    torch.testing.assert_close(across, torch.tensor(8 * 3 / 2.0))
    torch.testing.assert_close(down, torch.tensor(8 * 5 / 0.5))
    torch.testing.assert_close(laplacian, torch.tensor(4 * (2 / 2.0**2 + 4 / 0.5**2)))


def test_distances_can_be_changed_afterwards():
    made, state = Stencil(1), torch.rand(1, 1, 5, 5)
    made.rescale(2.0, 3.0)
    torch.testing.assert_close(made(state), Stencil(1, dx=2.0, dy=3.0)(state))


def test_distances_are_not_saved_with_weights():
    assert Stencil(1, dx=2.0).state_dict() == {}


def test_a_distance_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^dx and dy must be above 0, not 0\.0 and 1\.0$"):
        Stencil(1, dx=0.0)


def test_wrong_channels_are_named_in_the_message():
    said = "Stencil was built for 4 channels, but the state (1, 3, 8, 8) has 3"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        Stencil(4)(torch.zeros(1, 3, 8, 8))
