import numpy as np
import pytest

from ncabench.nca.rendering import mesh
from ncabench.nca.rendering.mesh import Mesh

FOUR = [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]]  # a tetrahedron's


def surface(triangles, vertices=4):
    return Mesh(vertices=np.zeros((vertices, 3)), triangles=np.array(triangles))


def solid_angles(corners):
    """Of spherical triangles, by the tangent of their half."""
    a, b, c = corners.swapaxes(0, 1)
    across = np.einsum("fk,fk->f", a, np.cross(b, c))
    along = 1 + (a * b).sum(1) + (b * c).sum(1) + (c * a).sum(1)
    return 2 * np.arctan2(across, along)


@pytest.mark.parametrize("subdivision", [1, 2, 5])
def test_an_icosphere_is_a_sphere_of_small_triangles(subdivision):
    sphere = mesh.icosphere(subdivision)
    mesh.check(sphere)
    assert len(sphere.vertices) == 10 * subdivision**2 + 2
    assert len(sphere.triangles) == 20 * subdivision**2
    np.testing.assert_allclose(np.linalg.norm(sphere.vertices, axis=1), 1)
    angles = solid_angles(sphere.vertices[sphere.triangles])
    assert angles.min() > 0.5 * 4 * np.pi / len(angles)  # facing outside, none of them flat
    np.testing.assert_allclose(angles.sum(), 4 * np.pi)


def test_table_1s_sphere_has_about_forty_thousand_vertices():
    assert len(mesh.icosphere(64).vertices) == 40_962


def test_all_but_twelve_vertices_have_six_neighbours():
    _, counts = mesh.neighbours(mesh.icosphere(4))
    assert np.bincount(counts).tolist() == [0, 0, 0, 0, 0, 12, 150]


def test_neighbours_are_those_that_share_an_edge():
    table, counts = mesh.neighbours(surface([*FOUR]))
    assert counts.tolist() == [3, 3, 3, 3]
    assert np.sort(table, axis=1).tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_a_vertex_of_fewer_neighbours_stands_for_itself():
    sphere = mesh.icosphere(2)
    table, counts = mesh.neighbours(sphere)
    few = np.flatnonzero(counts == 5)
    assert np.array_equal(table[few, 5], few)


@pytest.mark.parametrize(
    ("triangles", "vertices", "message"),
    {
        "outside": ([*FOUR, [0, 1, 4]], 4, "triangle 4 names vertex 4, and there are 4"),
        "twice": ([[0, 1, 2], [3, 3, 1]], 4, "triangle 1 names vertex 3 twice"),
        "isolated": (FOUR, 6, "vertex 4 is in no triangle"),
        "border": (FOUR[:3], 4, "the surface ends at the edge of vertices 0 and 2"),
        "sides": (
            [*FOUR[:3], [0, 2, 3]],
            4,
            "two triangles go from vertex 0 to vertex 2: more than two meet there, or two that "
            "do face different sides",
        ),
        "fin": (
            [*FOUR, [0, 1, 4], [1, 0, 4]],
            5,
            "two triangles go from vertex 0 to vertex 1: more than two meet there, or two that "
            "do face different sides",
        ),
        "point": (
            [*FOUR, [3, 5, 4], [3, 4, 6], [4, 5, 6], [5, 3, 6]],
            7,
            "2 surfaces meet in vertex 3 alone",
        ),
    }.values(),
)
def test_what_is_no_closed_surface_is_refused(triangles, vertices, message):
    with pytest.raises(ValueError) as caught:
        mesh.check(surface(triangles, vertices))
    assert str(caught.value) == message


def test_a_tetrahedron_is_a_closed_surface():
    mesh.check(surface(FOUR))


def test_a_sphere_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^subdivision must be 1 or more, not 0$"):
        mesh.icosphere(0)
