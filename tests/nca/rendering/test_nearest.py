"""The depth buffer: which triangle is seen at a pixel, and where in it."""

import itertools

import numpy as np
import pytest
import torch

from ncabench.nca.rendering import surface
from ncabench.nca.rendering.mesh import Mesh, icosphere
from ncabench.nca.rendering.nearest import NOTHING, centred, nearest

AHEAD = torch.tensor([0.3, 0.5, 0.8])
OCTAHEDRON = Mesh(
    vertices=np.concatenate([np.eye(3), -np.eye(3)]),
    triangles=np.array(
        [
            *([0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2]),
            *([1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]),
        ]
    ),
)


def two(one, other):
    """Two bodies as one mesh."""
    return Mesh(
        vertices=np.concatenate([one.vertices, other.vertices]),
        triangles=np.concatenate([one.triangles, other.triangles + len(one.vertices)]),
    )


def met(mesh, number, shares):
    """The points of the surface that are seen, (H, W, 3)."""
    corners = torch.from_numpy(centred(mesh)[mesh.triangles])[number]
    return (corners * shares[..., None]).sum(dim=2)


def test_an_octahedron_from_above_is_a_square_of_four_triangles():
    above = torch.tensor([0.0, 0.0, 1.0])
    number, shares = nearest(OCTAHEDRON, above, height=8, width=8, reach=1.0)
    inside = [[abs(x - 3.5) + abs(y - 3.5) <= 4 for x in range(8)] for y in range(8)]
    assert (number != NOTHING).tolist() == inside
    assert set(number.unique().tolist()) == {NOTHING, 0, 1, 2, 3}
    height = met(OCTAHEDRON, number, shares)[..., 2]
    expected = [[1 - (abs(x - 3.5) + abs(y - 3.5)) / 4 for x in range(8)] for y in range(8)]
    here = torch.tensor(inside)
    torch.testing.assert_close(height[here], torch.tensor(expected).double()[here])


def test_every_pixel_shows_the_point_of_a_sphere_that_it_looks_at():
    sphere, unit = icosphere(6), 2 * 0.7 / 20
    number, shares = nearest(sphere, AHEAD, height=20, width=30, reach=0.7)
    right, up, ahead = (one.double() for one in surface.frame(AHEAD))
    seen = met(sphere, number, shares)
    middle = number != NOTHING
    x = ((torch.arange(30) - 14.5) * unit).expand(20, 30).double()
    y = ((9.5 - torch.arange(20)) * unit)[:, None].expand(20, 30).double()
    torch.testing.assert_close((seen @ right)[middle], x[middle], rtol=0, atol=1e-5)
    torch.testing.assert_close((seen @ up)[middle], y[middle], rtol=0, atol=1e-5)
    assert (seen @ ahead)[middle].min() > 0
    assert middle[x.hypot(y) < 0.97].all()
    assert not middle[x.hypot(y) > 1].any()


def test_a_pixels_triangle_is_the_one_that_lies_in_the_points_direction():
    number, shares = nearest(icosphere(5), AHEAD, height=12, width=12, reach=0.6)
    ways = torch.nn.functional.normalize(met(icosphere(5), number, shares), dim=-1)
    located, parts = surface.located(ways.flatten(0, 1), subdivision=5)
    assert torch.equal(located.view(12, 12), number)
    found = parts.view(12, 12, 3).float()
    torch.testing.assert_close(found, shares, rtol=0, atol=1e-5)


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1])))
def test_what_is_nearer_hides_what_is_behind(order):
    near = Mesh(vertices=OCTAHEDRON.vertices * 0.5, triangles=OCTAHEDRON.triangles)
    far = Mesh(vertices=OCTAHEDRON.vertices - [0, 0, 3.0], triangles=OCTAHEDRON.triangles)
    bodies = [near, far]
    both = two(*(bodies[one] for one in order))
    number, _ = nearest(both, torch.tensor([0.0, 0.0, 1.0]), height=9, width=9, reach=0.5)
    assert (int(number[4, 4]) // 8) == order.index(0)
    assert (int(number[4, 7]) // 8) == order.index(1)


def test_a_mesh_is_scaled_to_what_holds_it():
    moved = Mesh(vertices=OCTAHEDRON.vertices * 7 + [1.0, 2, 3], triangles=OCTAHEDRON.triangles)
    views = [nearest(one, AHEAD, height=16, width=16, reach=1.0) for one in (OCTAHEDRON, moved)]
    assert torch.equal(views[0][0], views[1][0])
    torch.testing.assert_close(views[0][1], views[1][1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reach": 0.0}, "reach must be above 0, not 0.0"),
        ({"reach": -1.0}, "reach must be above 0, not -1.0"),
        ({"height": 0}, "a view must be 1 x 1 px or more, not 0 x 4"),
        ({"width": 0}, "a view must be 1 x 1 px or more, not 4 x 0"),
    ],
)
def test_a_view_of_nothing_is_refused(given, message):
    with pytest.raises(ValueError) as caught:
        nearest(OCTAHEDRON, AHEAD, **({"height": 4, "width": 4, "reach": 1.0} | given))
    assert str(caught.value) == message


def test_a_patch_that_reaches_behind_the_sphere_is_refused():
    message = r"^reach must be above 0 and below 1\.414, where the corners meet, not 1\.5$"
    with pytest.raises(ValueError, match=message):
        surface.patch(AHEAD, height=4, width=4, reach=1.5)


def test_directions_all_around_are_even():
    ways = surface.around(50)
    torch.testing.assert_close(ways.norm(dim=-1), torch.ones(50))
    torch.testing.assert_close(ways.mean(dim=0), torch.zeros(3), rtol=0, atol=0.01)
    apart = torch.acos((ways @ ways.T - 2 * torch.eye(50)).amax(dim=1))
    assert apart.min() > 0.7 * (4 * torch.pi / 50) ** 0.5
