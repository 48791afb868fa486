import torch
import torch.nn.functional as F

from ncabench.nca.torus import wrapped


def test_a_plane_and_a_volume_are_padded_as_pytorch_pads_them_in_circles():
    grid = torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    volume = F.pad(grid, (1,) * 6, mode="circular")
    assert torch.equal(wrapped(grid, axes=3), volume)
    assert torch.equal(wrapped(grid[0]), F.pad(grid[0], (1,) * 4, mode="circular"))


def test_a_single_cell_meets_itself():
    assert wrapped(torch.full((1, 1), 7.0)).tolist() == [[7.0] * 3] * 3
