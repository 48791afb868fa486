import pytest
import torch

from ncabench.nca.model._patches import patchify, repeat, unpatchify


def test_a_patch_goes_row_by_row_with_the_channel_fastest():
    image = torch.arange(2 * 4 * 4.0).view(1, 2, 4, 4)  # channel 1 is channel 0 plus 16
    cells = patchify(image, size=2)
    assert cells.shape == (1, 8, 2, 2)
    assert cells[0, :, 0, 1].tolist() == [2.0, 18.0, 3.0, 19.0, 6.0, 22.0, 7.0, 23.0]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_pixels_come_back(size):
    image = torch.rand(2, 3, 8, 16, generator=torch.Generator().manual_seed(0))
    cells = patchify(image, size=size)
    assert cells.shape == (2, 3 * size * size, 8 // size, 16 // size)
    assert torch.equal(unpatchify(cells, size=size), image)


def test_every_pixel_of_a_patch_has_what_its_cell_has():
    grid = torch.tensor([[1.0, 2.0]]).view(1, 1, 1, 2)
    assert repeat(grid, size=2)[0, 0].tolist() == [[1.0, 1.0, 2.0, 2.0]] * 2
