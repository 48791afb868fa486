import itertools
import math

import pytest
import torch

from ncabench.nca.perception.stencil import Stencil
from ncabench.nca.rendering import volume
from ncabench.nca.rendering.volume import Camera

LAPLACIAN = (-11.0, 0.75, 0.375, 0.25)  # by steps from the middle: 0 there, 3 at a corner


@pytest.fixture
def cells():
    return torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))


def around(cells, weight):
    """The sum of all 27 cells around each on a torus, weighted by their offset."""
    offsets = itertools.product((-1, 0, 1), repeat=3)
    return sum(weight(one) * cells.roll([-i for i in one], dims=(2, 3, 4)) for one in offsets)


def sobel(axis):
    """A Sobel weight: the offset along its axis, halved for each other axis that is left."""
    return lambda one: (
        one[axis] * math.prod(1 / (1 + abs(one[i])) for i in range(3) if i != axis)
    )


def test_percepts_are_five_sums_over_the_27_cells_around(cells):
    found = volume.percepts(cells, volume.kernels())
    assert found.shape == (2, 15, 4, 5, 6)
    torch.testing.assert_close(found[:, 0::5], cells)
    for axis in range(3):
        torch.testing.assert_close(found[:, 1 + axis :: 5], around(cells, sobel(axis)))
    laplacian = around(cells, lambda one: LAPLACIAN[sum(map(abs, one))])
    torch.testing.assert_close(found[:, 4::5], laplacian)


def test_a_ramp_has_the_slope_that_it_has_on_a_plane():
    across = torch.arange(5.0)
    volumes = volume.percepts(across.expand(1, 1, 5, 5, 5), volume.kernels())
    planes = Stencil(1)(across.expand(1, 1, 5, 5))
    assert volumes[0, 3, 2, 2, 2] == planes[0, 1, 2, 2] == 8.0


def test_a_constant_volume_has_neither_slope_nor_laplacian():
    even = torch.full((1, 1, 3, 3, 3), 8.0)
    found = volume.percepts(even, volume.kernels())[0, :, 1, 1, 1]
    torch.testing.assert_close(found, torch.tensor([8.0, 0.0, 0.0, 0.0, 0.0]))


def test_a_points_state_is_weighted_of_the_eight_cells_around_it(cells):
    point, sides = torch.tensor([0.9, -0.3, 0.1]), torch.tensor([4, 5, 6])
    index = (point + 1) / 2 * sides - 0.5
    expected = torch.zeros(2, 3)
    for corner in itertools.product((0, 1), repeat=3):
        cell = index.floor() + torch.tensor(corner)
        d, h, w = (cell % sides).long().tolist()
        expected += (1 - (index - cell).abs()).prod() * cells[:, :, d, h, w]
    torch.testing.assert_close(volume.interpolated(cells, point), expected)


def test_local_coordinates_start_anew_in_every_cell():
    points = torch.tensor([[-1.0, -0.25, 0.99], [0.0, 0.125, -0.26]])
    expected = torch.tensor([[-1.0, 0.0, 0.96], [-1.0, -0.5, -0.04]])
    torch.testing.assert_close(volume.local(points, side=4), expected)


def test_a_camera_looks_at_the_middle_and_its_rays_are_nearly_parallel():
    origin, ways = Camera(turn=0.7, lift=0.3).rays(height=5, width=7)
    torch.testing.assert_close(-origin / 20, ways[2, 3])
    assert origin[0] < 0  # above: the first coordinate goes down
    assert (ways @ ways[2, 3]).min() > math.cos(math.atan(1.8 * 1.4 * 1.3 / 20))
    torch.testing.assert_close(ways.norm(dim=-1), torch.ones(5, 7))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"height": 0}, "a view must be 1 x 1 px or more, not 0 x 4"),
        ({"reach": -0.5}, "reach must be above 0, not -0.5"),
    ],
)
def test_a_picture_of_nothing_is_refused(given, message):
    size = {"height": 4, "width": 4} | {one: n for one, n in given.items() if one == "height"}
    with pytest.raises(ValueError) as caught:
        Camera(reach=given.get("reach", 1.0)).rays(**size)
    assert str(caught.value) == message


def test_rows_of_pixels_go_down_and_columns_across():
    _, ways = Camera(distance=10.0, reach=1.0).rays(height=2, width=4)
    at_middle = ways / ways[..., 2:] * 10
    torch.testing.assert_close(at_middle[:, 0, 0], torch.tensor([-0.5, 0.5]))
    torch.testing.assert_close(at_middle[0, :, 1], torch.tensor([-1.5, -0.5, 0.5, 1.5]))


def test_a_ray_crosses_the_cube_between_two_walls():
    origin = torch.tensor([-2.0, -2.0, 0.0])
    ways = torch.tensor([[math.sqrt(0.5), math.sqrt(0.5), 0.0], [0.0, 0.0, 1.0]])
    begin, length = volume.crossing(origin, ways)
    torch.testing.assert_close(length, torch.tensor([math.sqrt(8.0), 0.0]))
    torch.testing.assert_close(begin[0], torch.tensor(math.sqrt(2.0)))


def test_samples_cover_what_lies_behind_them():
    chance = torch.Generator().manual_seed(1)
    colours, raw = torch.rand(4, 3, generator=chance), torch.randn(4, generator=chance)
    left, expected = 1.0, torch.zeros(3)
    for colour, density in zip(colours, raw, strict=True):
        clear = math.exp(-math.log1p(math.exp(float(density))) * 0.3)
        expected, left = expected + left * (1 - clear) * colour, left * clear
    found = volume.composed(colours, raw, torch.tensor(0.3))
    torch.testing.assert_close(found, expected + left)
