"""Closed surfaces of triangles from files, and what is wrong with those that are not."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from ncabench.nca.rendering import mesh as meshes
from ncabench.nca.rendering.mesh import Mesh, Points

FORMATS = (".obj", ".ply")
THIN = (
    1e-9  # twice the area of a flat triangle, at most, as a share of its longest side squared
)
CLOSED = (
    "expected a closed surface: each edge in exactly two triangles, which go along it in "
    "opposite ways; weld vertices that stand in the same place, and fill holes"
)


def read(path: str | Path, *, digest: str | None = None) -> Mesh:
    """Return the surface that a file describes.

    Of OBJ, the lines ``v`` and ``f`` are read, of PLY (ascii) the elements ``vertex`` and
    ``face``; normals, colours and the like are passed over. A face has three corners.

    Source: none; the formats are Wavefront's and Stanford's.

    Args:
        path: ``*.obj`` or ``*.ply``, absolute or from the working directory.
        digest: SHA-256 of the file, or its beginning, of 8 digits or more; None takes the
            file as it is.

    Raises:
        ValueError: there is no such file, or none of these formats; it has another digest; or
            it is no closed surface of triangles that face outside. The message names the file
            and, where there is one, the line, vertex or edge, numbered as in the file.

    >>> read("sphere.stl")
    Traceback (most recent call last):
    ValueError: sphere.stl: expected a mesh file that ends in .obj or .ply
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: expected a mesh file that ends in {' or '.join(FORMATS)}")
    if path.is_dir():
        raise ValueError(f"{path}: a folder, where a mesh file is expected")
    if not path.exists():
        raise ValueError(f"{path}: no such mesh file")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if digest is not None and (len(digest) < 8 or not found.startswith(digest.lower())):
        what = f"its SHA-256 begins with {found[:16]}, of which 8 digits or more are expected"
        raise ValueError(f"{path}: {what}, found {digest!r}")
    return _parsed(str(path), content)


@dataclass(kw_only=True)
class _Found:
    """What stands in a file, and on which lines.

    Attributes:
        first: the number of the first vertex in that format.
        vertices: where they are.
        triangles: of three vertices each, counted from 0.
        vertex_lines: of each vertex.
        triangle_lines: of each triangle.
    """

    first: int
    vertices: list[tuple[float, ...]] = field(default_factory=list)
    triangles: list[tuple[int, ...]] = field(default_factory=list)
    vertex_lines: list[int] = field(default_factory=list)
    triangle_lines: list[int] = field(default_factory=list)

    def add_vertex(self, words: list[str], *, line: int) -> None:
        self.vertices.append(_coordinates(words, line=line))
        self.vertex_lines.append(line)

    def add_triangle(self, corners: list[int], *, line: int) -> None:
        if len(corners) != 3:
            raise _LineError(
                line, f"a face of {len(corners)} corners, where 3 are expected; triangulate it"
            )
        self.triangles.append(tuple(corners))
        self.triangle_lines.append(line)


class _LineError(ValueError):
    """What is wrong on a line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


@lru_cache(maxsize=4)
def _parsed(path: str, content: bytes) -> Mesh:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        what = f"not a text file in UTF-8 (see byte {error.start}); binary files are not read"
        raise ValueError(f"{path}: {what}") from error
    try:
        found = _of_obj(text) if path.lower().endswith(".obj") else _of_ply(text)
        return _checked(found)
    except _LineError as error:
        raise ValueError(f"{path}:{error.line}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _checked(found: _Found) -> Mesh:
    """Return the mesh of a file, or refuse it by the first thing that is wrong."""
    if not found.triangles:
        raise ValueError(f"{len(found.vertices)} vertices and no triangle")
    count, first = len(found.vertices), found.first
    triangles = np.array(found.triangles, dtype=np.int64)
    mesh = Mesh(vertices=np.array(found.vertices).reshape(-1, 3), triangles=triangles)
    for number, corner in np.argwhere((triangles < 0) | (triangles >= count))[:1]:
        what = f"vertex {triangles[number, corner] + first}, expected {first} to "
        raise _LineError(
            found.triangle_lines[number], f"the triangle names {what}{count - 1 + first}"
        )
    for number, corner in np.argwhere(triangles == np.roll(triangles, 1, axis=1))[:1]:
        twice = triangles[number, corner] + first
        raise _LineError(
            found.triangle_lines[number],
            f"the triangle names vertex {twice} twice, expected three different ones",
        )
    for number in np.flatnonzero(_are_flat(mesh.vertices[triangles]))[:1]:
        raise _LineError(
            found.triangle_lines[number],
            "the triangle's corners lie on a line, expected an area above 0",
        )
    for vertex in np.setdiff1d(np.arange(count), triangles)[:1]:
        raise _LineError(
            found.vertex_lines[vertex],
            f"vertex {vertex + first} is in no triangle, expected every vertex in some",
        )
    try:
        meshes.check(mesh, first=first)
    except ValueError as error:
        raise ValueError(f"{error}; {CLOSED}") from error
    if _volume(mesh) <= 0:
        raise ValueError(
            "its triangles face inside, expected anticlockwise as seen from outside"
        )
    return mesh


def _are_flat(corners: Points) -> Points:
    sides = corners - np.roll(corners, 1, axis=1)  # (F, 3, 3)
    doubled = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=-1)
    longest = np.square(sides).sum(axis=-1).max(axis=-1)
    flat: Points = doubled <= THIN * longest
    return flat


def _volume(mesh: Mesh) -> float:
    middle = mesh.vertices.mean(axis=0)
    corners = mesh.vertices[mesh.triangles] - middle
    return float(np.linalg.det(corners).sum() / 6)


def _coordinates(words: list[str], *, line: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(word) for word in words[:3])
    except ValueError:
        numbers = ()
    if len(numbers) < 3 or not all(map(math.isfinite, numbers)):
        said = " ".join(words) or "nothing"
        raise _LineError(line, f"expected a vertex of three finite numbers, found {said}")
    return numbers


def _whole(word: str, *, line: int) -> int:
    try:
        return int(word)
    except ValueError:
        raise _LineError(line, f"expected a vertex's number, found {word!r}") from None


def _of_obj(text: str) -> _Found:
    found = _Found(first=1)
    for line, (key, *words) in _obj_lines(text):
        if key == "v":
            found.add_vertex(words, line=line)
        elif key == "f":
            names = [_whole(word.partition("/")[0], line=line) for word in words]
            here = len(found.vertices)  # numbers below zero count back from here
            found.add_triangle(
                [name + here if name < 0 else name - 1 for name in names], line=line
            )
    return found


def _obj_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            yield number, words


def _of_ply(text: str) -> _Found:
    lines = enumerate(text.splitlines(), 1)
    counts, found = _ply_header(lines), _Found(first=0)
    for name, count in counts.items():
        for turn in range(count):
            number, line = next(lines, (0, None))
            if line is None:
                raise ValueError(f"it ends after {turn} of {count} lines of the element {name}")
            words = line.split()
            if name == "vertex":
                found.add_vertex(words, line=number)
            elif name == "face":
                size, *names = (_whole(word, line=number) for word in words or ["nothing"])
                if len(names) < size:
                    raise _LineError(number, f"a face of {size}, and {len(names)} are named")
                found.add_triangle(names[:size], line=number)
    return found


def _ply_header(lines: Iterator[tuple[int, str]]) -> dict[str, int]:
    """Return how many lines each element has, in the order of the file."""
    counts: dict[str, int] = {}
    properties: dict[str, list[str]] = {}
    wanted = {"vertex": ["x", "y", "z"], "face": ["vertex_indices"]}
    for number, line in lines:
        match line.split():
            case ["ply"] if number == 1:
                pass
            case ["comment" | "obj_info", *_] | ["format", "ascii", "1.0"]:
                pass
            case ["format", *rest]:
                what = f"expected the format ascii 1.0, found {' '.join(rest)}"
                raise _LineError(number, what)
            case ["element", name, count]:
                counts[name], properties[name] = _whole(count, line=number), []
            case ["property", *_, name] if counts:
                last = "vertex_indices" if name == "vertex_index" else name
                properties[next(reversed(counts))].append(last)
            case ["end_header"]:
                for element, names in wanted.items():
                    if properties.get(element, [])[: len(names)] != names:
                        said = " ".join(properties.get(element, [])) or "nothing"
                        what = f"expected the element {element} to begin with {' '.join(names)}"
                        raise _LineError(number, f"{what}, found {said}")
                return counts
            case _:
                raise _LineError(number, f"not a line of a PLY file's head: {line.strip()!r}")
    raise ValueError("the head of a PLY file does not end; expected the line end_header")
