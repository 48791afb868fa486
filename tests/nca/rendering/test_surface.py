import math

import numpy as np
import pytest
import torch

from ncabench.nca.rendering import surface
from ncabench.nca.rendering.mesh import Mesh, icosphere

OCTAHEDRON = Mesh(
    vertices=np.concatenate([np.eye(3), -np.eye(3)]) * [1.0, 2.0, 3.0],
    triangles=np.array(
        [
            *([0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2]),
            *([1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]),
        ]
    ),
)


@pytest.fixture
def states():
    return torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(0))


def test_percepts_are_sums_of_differences_weighted_by_direction(states):
    found = surface.percepts(states, *surface.senses(OCTAHEDRON)).view(2, 3, 5, 6)
    torch.testing.assert_close(found[:, :, 0], states)
    corners = torch.from_numpy(OCTAHEDRON.vertices).float()
    for vertex in range(6):
        expected = torch.zeros(2, 3, 4)
        for other in set(range(6)) - {vertex, (vertex + 3) % 6}:
            x, y, z = torch.nn.functional.normalize(corners[other] - corners[vertex], dim=0)
            harmonics = torch.stack([torch.tensor(math.sqrt(1 / 3)), y, z, x])
            weights = math.sqrt(3 / (4 * math.pi)) * harmonics * 6 / 4
            expected += (states[..., other] - states[..., vertex])[..., None] * weights
        torch.testing.assert_close(found[..., 1:, vertex], expected)


def test_a_sphere_of_one_value_has_no_differences():
    found = surface.percepts(torch.full((1, 1, 42), 3.0), *surface.senses(icosphere(2)))
    torch.testing.assert_close(found[0, 0], torch.full((42,), 3.0))
    torch.testing.assert_close(found[0, 1:], torch.zeros(4, 42), rtol=0, atol=1e-5)


def test_a_ramp_on_a_sphere_has_its_slope_as_gradient():
    sphere = icosphere(16)
    height = torch.from_numpy(sphere.vertices[:, 2]).float()
    _, _, y, z, x = surface.percepts(height[None, None], *surface.senses(sphere))[0]
    side = int(sphere.vertices[:, 0].argmax())  # there the surface is upright
    assert z[side] > 0.1
    assert max(abs(x[side]), abs(y[side])) < 0.02 * z[side]


def test_a_mesh_that_is_not_closed_is_refused():
    open_one = Mesh(vertices=OCTAHEDRON.vertices, triangles=OCTAHEDRON.triangles[:-1])
    with pytest.raises(ValueError, match=r"^the surface ends at the edge of vertices "):
        surface.senses(open_one)


def test_points_are_mixed_of_the_corners_of_their_triangle(states):
    parts = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    found = surface.interpolated(states, torch.tensor([[4, 0, 2], [5, 1, 0]]), parts)
    first = 0.2 * states[..., 4] + 0.3 * states[..., 0] + 0.5 * states[..., 2]
    torch.testing.assert_close(found, torch.stack([first, states[..., 5]], dim=1))


@pytest.mark.parametrize("subdivision", [1, 2, 7])
def test_a_direction_crosses_the_triangle_where_it_is_located(subdivision):
    ways = torch.randn(500, 3, generator=torch.Generator().manual_seed(1)).double()
    ways = torch.nn.functional.normalize(ways, dim=1)
    number, parts = surface.located(ways, subdivision=subdivision)
    sphere = icosphere(subdivision)
    corners = torch.from_numpy(sphere.vertices[sphere.triangles])[number]
    met = (parts[..., None] * corners).sum(dim=1)
    torch.testing.assert_close(torch.nn.functional.normalize(met, dim=1), ways)
    torch.testing.assert_close(parts.sum(dim=1), torch.ones(500).double())
    assert parts.min() >= 0
    assert len(number.unique()) > 0.5 * min(500, len(sphere.triangles))


def test_a_patch_keeps_areas():
    ways = surface.patch(torch.tensor([1.0, 2.0, -2.0]), height=3, width=5, reach=0.6)
    torch.testing.assert_close(ways[1, 2], torch.tensor([1.0, 2.0, -2.0]) / 3)
    torch.testing.assert_close(ways.norm(dim=-1), torch.ones(3, 5))
    apart = torch.acos((ways * ways[1, 2]).sum(dim=-1)[1, 3:])
    expected = [2 * math.asin(flat / 2) for flat in (0.4, 0.8)]  # Lambert's projection
    torch.testing.assert_close(apart, torch.tensor(expected))


def test_rows_of_a_patch_go_down_and_columns_to_the_right():
    ways = surface.patch(torch.tensor([0.0, 0.0, 1.0]), height=2, width=2, reach=0.2)
    down, across = ways[1, 0] - ways[0, 0], ways[0, 1] - ways[0, 0]
    inward = torch.linalg.cross(across, down)
    assert inward[2] < 0  # seen from outside: across, down and away from who looks


def test_local_coordinates_are_spread_evenly_over_a_triangle():
    n = 300
    places = [(i, j, n - 1 - i - j) for i in range(n) for j in range(n - i)]
    parts = (torch.tensor(places) + 1 / 3) / n
    found = surface.local(parts.double())
    torch.testing.assert_close(found.mean(dim=0), torch.zeros(3).double(), rtol=0, atol=0.01)
    quarters = torch.tensor([0.25, 0.5, 0.75]).double()
    spread = torch.quantile(found, quarters, dim=0)
    expected = (2 * quarters - 1)[:, None].expand(3, 3)
    torch.testing.assert_close(spread, expected, rtol=0, atol=0.01)


def test_local_coordinates_do_not_ask_which_corner_is_first():
    parts = torch.tensor([[0.1, 0.3, 0.6]])
    turned = surface.local(parts[:, [2, 0, 1]])
    torch.testing.assert_close(turned, surface.local(parts), rtol=0, atol=0)


def test_local_coordinates_at_corner_middle_and_edge():
    parts = torch.tensor([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]])
    expected = torch.tensor([[1.0, -1.0, -1.0], [-1.0, 1 / 3, 1.0], [-0.5, 1.0, -1.0]])
    torch.testing.assert_close(surface.local(parts), expected, rtol=0, atol=1e-6)
