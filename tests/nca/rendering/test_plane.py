import pytest
import torch

from ncabench.nca.rendering import plane


def between(state, *, scale, row, column):
    """The state of a pixel, by hand: the four nearest cells of a torus, weighted."""
    _, height, width = state.shape
    down, across = (row + 0.5) / scale - 0.5, (column + 0.5) / scale - 0.5
    top, left = int(down // 1), int(across // 1)
    found = torch.zeros(len(state))
    for y, wy in ((top, 1 - down + top), (top + 1, down - top)):
        for x, wx in ((left, 1 - across + left), (left + 1, across - left)):
            found += wy * wx * state[:, y % height, x % width]
    return found


@pytest.mark.parametrize("scale", [1, 2, 3, 8])
def test_a_pixels_state_lies_between_those_of_the_four_cells_around_it(scale):
    state = torch.randn(2, 3, 3, 4, generator=torch.Generator().manual_seed(0))
    fine = plane.interpolated(state, scale=scale)
    assert fine.shape == (2, 3, 3 * scale, 4 * scale)
    places = [(0, 0), (3 * scale - 1, 4 * scale - 1), (scale, 2 * scale - 1), (1, 3)]
    for row, column in places:
        expected = between(state[1], scale=scale, row=row, column=column)
        torch.testing.assert_close(fine[1, :, row, column], expected)


def test_coordinates_are_those_of_the_middles_of_pixels_in_a_cell():
    tile = plane.coordinates(4)
    assert tile[:, 0, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]  # down
    assert tile[0, :, 1].tolist() == [-0.75, -0.25, 0.25, 0.75]  # across
    assert plane.coordinates(1).flatten().tolist() == [0.0, 0.0]


def test_every_cell_has_the_same_tile():
    whole = plane.tiled(3, height=2, width=4)
    assert whole.shape == (6, 12, 2)
    for row in (0, 3):
        for column in (0, 3, 6, 9):
            tile = whole[row : row + 3, column : column + 3]
            assert torch.equal(tile, plane.coordinates(3))


def test_a_cell_without_pixels_is_refused():
    with pytest.raises(ValueError, match=r"^scale must be 1 or more pixels a cell, not 0$"):
        plane.interpolated(torch.zeros(1, 1, 2, 2), scale=0)
    with pytest.raises(ValueError, match=r"^scale must be 1 or more pixels a cell, not -1$"):
        plane.coordinates(-1)
