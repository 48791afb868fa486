"""Closed surfaces of triangles: what they must be, and spheres made of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Points = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """A surface of triangles.

    Attributes:
        vertices: ``(V, 3)``, where they are.
        triangles: ``(F, 3)``, three vertices each, anticlockwise as seen from outside.
    """

    vertices: Points
    triangles: Indices


def check(mesh: Mesh, *, first: int = 0) -> None:
    """Refuse what is no closed surface of which each side is one side.

    Source: none; an automaton on vertices needs neighbours all around each.

    Args:
        mesh: the surface.
        first: the number of the first vertex in messages, as a file may count from 1.

    Raises:
        ValueError: a triangle names a vertex that is not there, or one twice; a vertex is in
            no triangle; an edge is not in two triangles that face the same side; or surfaces
            meet in a single vertex. The message says which.

    >>> try:
    ...     check(Mesh(vertices=np.zeros((4, 3)), triangles=np.array([[0, 1, 2], [2, 1, 0]])))
    ... except ValueError as error:
    ...     print(error)
    vertex 3 is in no triangle
    """
    count, triangles = len(mesh.vertices), mesh.triangles
    for number, corner in np.argwhere((triangles < 0) | (triangles >= count))[:1]:
        name = triangles[number, corner] + first
        raise ValueError(f"triangle {number} names vertex {name}, and there are {count}")
    for number, corner in np.argwhere(triangles == np.roll(triangles, 1, axis=1))[:1]:
        name = triangles[number, corner] + first
        raise ValueError(f"triangle {number} names vertex {name} twice")
    for vertex in np.setdiff1d(np.arange(count), triangles)[:1]:
        raise ValueError(f"vertex {vertex + first} is in no triangle")
    _check_fans(triangles, _opposite(triangles, count, first=first), count, first=first)


def _edges(triangles: Indices) -> Indices:
    """Return the edges of triangles as each goes around it, ``(3F, 2)``: from, to."""
    return np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1).reshape(-1, 2)


def _opposite(triangles: Indices, count: int, *, first: int) -> Indices:
    """Return of each edge the number of the one that goes the other way."""
    edges = _edges(triangles)
    ahead, back = edges @ [count, 1], edges @ [1, count]
    order = np.argsort(ahead, kind="stable")
    known = ahead[order]
    for place in np.flatnonzero(known[1:] == known[:-1])[:1]:
        here, there = edges[order[place]] + first
        raise ValueError(
            f"two triangles go from vertex {here} to vertex {there}: more than two meet there, "
            "or two that do face different sides"
        )
    found = np.minimum(np.searchsorted(known, back), len(known) - 1)
    for number in np.flatnonzero(known[found] != back)[:1]:
        here, there = edges[number] + first
        raise ValueError(f"the surface ends at the edge of vertices {here} and {there}")
    return order[found]


def _check_fans(triangles: Indices, opposite: Indices, count: int, *, first: int) -> None:
    """Raise where the triangles at a vertex are more than one fan around it."""
    numbers = np.arange(len(opposite))
    before = numbers - numbers % 3 + (numbers % 3 + 2) % 3
    turned, least = opposite[before], numbers.copy()
    for _ in range(math.ceil(math.log2(len(numbers))) + 1):
        least = np.minimum(least, least[turned])  # of twice as many edges each time
        turned = turned[turned]
    fans = np.bincount(triangles.reshape(-1)[np.unique(least)], minlength=count)
    for vertex in np.flatnonzero(fans > 1)[:1]:
        raise ValueError(f"{fans[vertex]} surfaces meet in vertex {vertex + first} alone")


def neighbours(mesh: Mesh) -> tuple[Indices, Indices]:
    """Return the vertices around each, and how many there are.

    Shape:
        ``(V, most)``, in which a vertex stands for itself where it has fewer; ``(V,)``.

    >>> table, counts = neighbours(icosphere(1))
    >>> table.shape, int(counts.min()), int(counts.max())
    ((12, 5), 5, 5)
    """
    edges = _edges(mesh.triangles)
    edges = edges[np.argsort(edges[:, 0], kind="stable")]
    counts = np.bincount(edges[:, 0], minlength=len(mesh.vertices))
    slots = np.arange(len(edges)) - (counts.cumsum() - counts)[edges[:, 0]]
    table = np.repeat(np.arange(len(counts))[:, None], counts.max(), axis=1)
    table[edges[:, 0], slots] = edges[:, 1]
    return table, counts


@cache
def icosahedron() -> Mesh:
    """Return the regular body of 20 triangles, its vertices at distance 1."""
    golden = (1 + math.sqrt(5)) / 2
    flat = [(0.0, one, other * golden) for one in (-1, 1) for other in (-1, 1)]
    corners = [np.roll(one, turn) for one in flat for turn in range(3)]
    vertices = np.array(corners) / math.hypot(1, golden)
    apart = np.linalg.norm(vertices[:, None] - vertices, axis=-1)
    side = apart[apart > 0].min() * 1.01
    near = [
        three
        for three in itertools.combinations(range(12), 3)
        if all(apart[one, other] < side for one, other in itertools.combinations(three, 2))
    ]
    outward = [
        three if np.linalg.det(vertices[list(three)]) > 0 else three[::-1] for three in near
    ]
    return Mesh(vertices=vertices, triangles=np.array(outward, dtype=np.int64))


@cache
def icosphere(subdivision: int) -> Mesh:
    """Return a sphere of radius 1: the icosahedron with n * n triangles for each of its own.

    The triangles of the icosahedron's triangle f stand together, from ``f * n * n``, row by
    row: see ``surface.located``.

    Source: Cells to Pixels, table 1, "mesh": an icosphere of subdivision 64.

    Args:
        subdivision: n, parts of an edge.

    Raises:
        ValueError: ``subdivision`` is below 1.

    >>> sphere = icosphere(64)
    >>> len(sphere.vertices), len(sphere.triangles)  # 10 n ** 2 + 2 and 20 n ** 2
    (40962, 81920)
    """
    if subdivision < 1:
        raise ValueError(f"subdivision must be 1 or more, not {subdivision}")
    body, n = icosahedron(), subdivision
    places = np.array([(i, j) for i in range(n + 1) for j in range(n + 1 - i)])
    parts = np.concatenate([n - places.sum(axis=1, keepdims=True), places], axis=1)
    weights = np.zeros((20, len(places), 12), dtype=np.int64)
    for weight, triangle in zip(weights, body.triangles, strict=True):
        weight[:, triangle] = parts
    unique, names = np.unique(weights.reshape(-1, 12), axis=0, return_inverse=True)
    vertices = unique @ body.vertices
    vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
    triangles = names.reshape(20, -1)[:, _lattice(n)].reshape(-1, 3)
    return Mesh(vertices=vertices, triangles=triangles.astype(np.int64))


def _lattice(n: int) -> Indices:
    """Return the triangles of one large triangle's lattice points, ``(n * n, 3)``."""

    def at(i: int, j: int) -> int:
        return i * (n + 1) - i * (i - 1) // 2 + j

    found = []
    for i in range(n):
        for j in range(n - i):
            found.append((at(i, j), at(i + 1, j), at(i, j + 1)))
            if i + j < n - 1:
                found.append((at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)))
    return np.array(found, dtype=np.int64)
