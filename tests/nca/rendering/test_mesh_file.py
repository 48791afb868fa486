"""Surfaces from files: what is read, and one message for each thing that is wrong."""

import hashlib

import numpy as np
import pytest

from ncabench.nca.rendering import mesh_file
from ncabench.nca.rendering.mesh import Mesh, icosphere

TETRAHEDRON = """\
# four vertices, four faces
o a_name
v 1 1 1
v 1 -1 -1 0.5 0.5 0.5
v -1 1 -1 1
v -1 -1 1  # the last one
vn 0 0 1
s off
f 1 2 3
f 1/1/1 3//1 -1
f 1 4 2
f 2 4 3
"""
PLY = """\
ply
format ascii 1.0
comment the same
element vertex 4
property float x
property float y
property float z
property uchar red
element edge 1
property int vertex1
property int vertex2
element face 4
property list uchar int vertex_index
end_header
1 1 1 255
1 -1 -1 0
-1 1 -1 0
-1 -1 1 0
0 1
3 0 1 2
3 0 2 3
3 0 3 1
3 1 3 2
"""


@pytest.fixture
def file(tmp_path):
    """Writes a file, and returns its path."""

    def written(text, *, name="a.obj"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def changed(text, old, new):
    assert text.count(old) == 1, old
    return text.replace(old, new)


def as_obj(mesh: Mesh) -> str:
    vertices = (f"v {x!r} {y!r} {z!r}" for x, y, z in mesh.vertices.tolist())
    faces = (f"f {a + 1} {b + 1} {c + 1}" for a, b, c in mesh.triangles.tolist())
    return "\n".join([*vertices, *faces])


@pytest.mark.parametrize(("text", "name"), [(TETRAHEDRON, "a.obj"), (PLY, "a.PLY")])
def test_both_formats_give_a_tetrahedron(file, text, name):
    found = mesh_file.read(file(text, name=name))
    assert found.vertices.tolist() == [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    assert found.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]]


def test_a_sphere_is_the_same_after_it_was_written_and_read(file):
    sphere = icosphere(3)
    found = mesh_file.read(file(as_obj(sphere)))
    np.testing.assert_array_equal(found.vertices, sphere.vertices)
    np.testing.assert_array_equal(found.triangles, sphere.triangles)


def test_the_digest_names_the_content(file):
    path = file(TETRAHEDRON)
    whole = hashlib.sha256(TETRAHEDRON.encode()).hexdigest()
    for digest in (whole, whole[:8].upper()):
        assert len(mesh_file.read(path, digest=digest).vertices) == 4
    for digest in ("", whole[:7], "0" * 64):
        with pytest.raises(ValueError) as caught:
            mesh_file.read(path, digest=digest)
        assert str(caught.value) == (
            f"{path}: its SHA-256 begins with {whole[:16]}, of which 8 digits or more are "
            f"expected, found {digest!r}"
        )


def test_a_file_that_changed_is_read_again(file):
    first = mesh_file.read(file(TETRAHEDRON))
    second = mesh_file.read(file(changed(TETRAHEDRON, "v 1 1 1", "v 2 2 2")))
    assert first.vertices[0].tolist() == [1, 1, 1]
    assert second.vertices[0].tolist() == [2, 2, 2]


CLOSED = (
    "; expected a closed surface: each edge in exactly two triangles, which go along it in "
    "opposite ways; weld vertices that stand in the same place, and fill holes"
)
TWO_WAYS = "more than two meet there, or two that do face different sides"
OTHER = "v 5 5 5\nv 6 4 4\nv 4 6 4\n"  # with vertex 1 another tetrahedron
WRONG = {
    "a word for a number": (
        ("v 1 1 1\n", "v 1 one 1\n"),
        ":3: expected a vertex of three finite numbers, found 1 one 1",
    ),
    "two numbers": (
        ("v 1 1 1\n", "v 1 1\n"),
        ":3: expected a vertex of three finite numbers, found 1 1",
    ),
    "infinity": (
        ("v 1 1 1\n", "v 1 inf 1\n"),
        ":3: expected a vertex of three finite numbers, found 1 inf 1",
    ),
    "a vertex that is no number": (
        ("f 1 2 3", "f 1 two 3"),
        ":9: expected a vertex's number, found 'two'",
    ),
    "a square": (
        ("f 1 2 3", "f 1 2 3 4"),
        ":9: a face of 4 corners, where 3 are expected; triangulate it",
    ),
    "a vertex beyond the last": (
        ("f 1 2 3", "f 1 2 5"),
        ":9: the triangle names vertex 5, expected 1 to 4",
    ),
    "vertex 0": (
        ("f 1 2 3", "f 0 2 3"),
        ":9: the triangle names vertex 0, expected 1 to 4",
    ),
    "one corner twice": (
        ("f 1 2 3", "f 1 2 2"),
        ":9: the triangle names vertex 2 twice, expected three different ones",
    ),
    "corners on a line": (
        ("v -1 1 -1 1", "v 1 0 0"),
        ":9: the triangle's corners lie on a line, expected an area above 0",
    ),
    "a hole": (
        ("f 1 2 3\n", ""),
        ": the surface ends at the edge of vertices 1 and 3" + CLOSED,
    ),
    "a face the other way": (
        ("f 1 2 3", "f 1 3 2"),
        f": two triangles go from vertex 1 to vertex 3: {TWO_WAYS}{CLOSED}",
    ),
    "a fin": (
        ("f 2 4 3\n", "f 2 4 3\nv 0 0 9\nf 1 2 5\n"),
        f": two triangles go from vertex 1 to vertex 2: {TWO_WAYS}{CLOSED}",
    ),
    "two bodies at one point": (
        ("f 2 4 3\n", f"f 2 4 3\n{OTHER}f 1 6 5\nf 1 7 6\nf 1 5 7\nf 5 6 7\n"),
        ": 2 surfaces meet in vertex 1 alone" + CLOSED,
    ),
    "no faces": (
        (TETRAHEDRON[TETRAHEDRON.index("f 1 2 3") :], ""),
        ": 4 vertices and no triangle",
    ),
    "inside out": (
        ("v 1 1 1\n", "v -9 -9 -9\n"),
        ": its triangles face inside, expected anticlockwise as seen from outside",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_line(file, change, message):
    path = file(changed(TETRAHEDRON, *change))
    with pytest.raises(ValueError) as caught:
        mesh_file.read(path)
    assert str(caught.value) == f"{path}{message}"


def test_a_vertex_in_no_triangle_is_named_with_its_line(file):
    path = file(TETRAHEDRON + "v 3 3 3\n")
    with pytest.raises(ValueError) as caught:
        mesh_file.read(path)
    what = "vertex 5 is in no triangle, expected every vertex in some"
    assert str(caught.value) == f"{path}:13: {what}"


WRONG_PLY = {
    "binary": (
        ("ascii", "binary_little_endian"),
        ":2: expected the format ascii 1.0, found binary_little_endian 1.0",
    ),
    "another order": (
        ("property float x\n", ""),
        ":13: expected the element vertex to begin with x y z, found y z red",
    ),
    "no faces": (
        ("element face 4\nproperty list uchar int vertex_index\n", ""),
        ":12: expected the element face to begin with vertex_indices, found nothing",
    ),
    "a strange head": (
        ("comment the same", "commend the same"),
        ":3: not a line of a PLY file's head: 'commend the same'",
    ),
    "no end": (
        (PLY[PLY.index("end_header") :], ""),
        ": the head of a PLY file does not end; expected the line end_header",
    ),
    "cut short": (
        ("3 0 3 1\n3 1 3 2\n", ""),
        ": it ends after 2 of 4 lines of the element face",
    ),
    "a short face": (
        ("3 0 1 2\n", "3 0 1\n"),
        ":20: a face of 3, and 2 are named",
    ),
    "a vertex beyond the last": (
        ("3 0 1 2\n", "3 0 1 4\n"),
        ":20: the triangle names vertex 4, expected 0 to 3",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG_PLY.values(), ids=WRONG_PLY)
def test_what_is_wrong_with_a_ply_file_is_named_likewise(file, change, message):
    path = file(changed(PLY, *change), name="a.ply")
    with pytest.raises(ValueError) as caught:
        mesh_file.read(path)
    assert str(caught.value) == f"{path}{message}"


def test_what_is_no_mesh_file_is_refused(file, tmp_path):
    (tmp_path / "folder.obj").mkdir()
    binary = file(b"v \xff\xfe", name="b.obj")
    said = {
        tmp_path / "a.stl": "expected a mesh file that ends in .obj or .ply",
        tmp_path / "none.obj": "no such mesh file",
        tmp_path / "folder.obj": "a folder, where a mesh file is expected",
        binary: "not a text file in UTF-8 (see byte 2); binary files are not read",
    }
    for path, what in said.items():
        with pytest.raises(ValueError) as caught:
            mesh_file.read(path)
        assert str(caught.value) == f"{path}: {what}"
