"""Cells on the vertices of a mesh: what they sense, and what is seen within triangles."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.rendering import mesh as meshes
from ncabench.nca.rendering.mesh import Mesh, Points

KERNELS = 5
_LAWS = ((1 / 3, 1 / 2, 1.0), (0.0, 1 / 3, 1 / 2), (0.0, 0.0, 1 / 3))  # low, mode, high


def senses(mesh: Mesh) -> tuple[Tensor, Tensor]:
    """Return which vertices a vertex senses, and how much of each in four sums.

    The sums are of the differences of the vertices around it from itself, weighted by the real
    spherical harmonics of orders 0 and 1 of the direction to each, times six and divided by
    how many there are. Order 0 is a Laplacian, order 1 a gradient.

    Source: Cells to Pixels, which takes the perception of MeshNCA (Pajouheshgar et al., "Mesh
    Neural Cellular Automata", 2024) at order 1, as a mean times 6. That differences are summed,
    and that the order within order 1 is y, z, x, is ncabench's reading.

    Shape:
        ``(V, N)``, int64, the vertex itself last; ``(V, N, 4)``, float32.

    Raises:
        ValueError: as ``mesh.check``.

    >>> table, weights = senses(meshes.icosphere(1))
    >>> table.shape, round(float(weights[0, :5, 0].sum()), 4)  # 6 / (2 sqrt(pi))
    (torch.Size([12, 6]), 1.6926)
    """
    meshes.check(mesh)
    table, counts = meshes.neighbours(mesh)
    ways = mesh.vertices[table] - mesh.vertices[:, None]  # (V, most, 3)
    there = np.arange(table.shape[1]) < counts[:, None]
    length = np.where(there, np.linalg.norm(ways, axis=-1), 1.0)
    y, z, x = (ways[..., axis] / length for axis in (1, 2, 0))
    first = math.sqrt(3 / (4 * math.pi))
    harmonics = [
        np.full_like(x, 1 / math.sqrt(4 * math.pi)),
        *(first * one for one in (y, z, x)),
    ]
    weights = np.stack(harmonics, axis=-1) * (there * 6 / counts[:, None])[..., None]
    own = -weights.sum(axis=1, keepdims=True)
    all_weights = np.concatenate([weights, own], axis=1).astype(np.float32)
    itself = np.arange(len(table))[:, None]
    return (
        torch.from_numpy(np.concatenate([table, itself], axis=1)),
        torch.from_numpy(all_weights),
    )


def percepts(states: Tensor, table: Tensor, weights: Tensor) -> Tensor:
    """Return the value and four sums of each channel, channel by channel.

    Args:
        states: ``(B, C, V)``.
        table: which vertices each senses, of `senses`.
        weights: how much of each.

    Shape:
        result ``(B, 5C, V)``.
    """
    near = states[:, :, table]  # (B, C, V, N)
    sums = torch.einsum("bcvn,vnk->bckv", near, weights.to(states.dtype))
    return torch.cat([states[:, :, None], sums], dim=2).flatten(1, 2)


def interpolated(states: Tensor, corners: Tensor, parts: Tensor) -> Tensor:
    """Return states at points of triangles, linear between their corners.

    Args:
        states: ``(B, C, V)``.
        corners: ``(..., 3)``, the vertices around each point.
        parts: ``(..., 3)``, how much of each: barycentric coordinates.

    Shape:
        result ``(B, ..., C)``.

    >>> states = torch.tensor([[[1.0, 2.0, 4.0]]])
    >>> interpolated(states, torch.tensor([[0, 1, 2]]), torch.tensor([[0.5, 0.25, 0.25]]))
    tensor([[[2.]]])
    """
    near = states[:, :, corners]  # (B, C, ..., 3)
    return torch.einsum("bc...n,...n->b...c", near, parts.to(states.dtype))


def unsorted(parts: Tensor) -> Tensor:
    """Return barycentric coordinates as they come, from -1 to 1: an ablation of `local`.

    Which corner is named first, and so what a point is told, is the mesh's accident.

    Source: Cells to Pixels, the figure of meshes "without sorting and remapping"; that the
    range is still -1 to 1 is ncabench's.

    >>> unsorted(torch.tensor([[0.25, 0.25, 0.5]])).tolist()
    [[-0.5, -0.5, 0.0]]
    """
    return 2 * parts - 1


def local(parts: Tensor) -> Tensor:
    """Return where in a triangle points lie, whatever corner is named first; from -1 to 1.

    Barycentric coordinates are put in falling order, and each is mapped through the
    distribution that it has when points are drawn evenly, so that all of -1 to 1 is used alike.

    Source: Cells to Pixels, the local coordinates of triangles: triangular laws on [1/3, 1],
    [0, 1/2] and [0, 1/3], with modes 1/2, 1/3 and 0.

    Shape:
        parts ``(..., 3)``; result ``(..., 3)``.

    >>> local(torch.tensor([[0.25, 0.25, 0.5]])).round(decimals=4).tolist()
    [[-0.5, -0.25, 0.875]]
    """
    falling = parts.sort(dim=-1, descending=True).values.unbind(-1)
    shares = [_share(one, *law) for one, law in zip(falling, _LAWS, strict=True)]
    return 2 * torch.stack(shares, dim=-1) - 1


def _share(value: Tensor, low: float, mode: float, high: float) -> Tensor:
    """Return the share of a triangular law that lies below a value."""
    value = value.clamp(low, high)
    above = 1 - (high - value).square() / ((high - low) * (high - mode))
    if mode == low:
        return above
    below = (value - low).square() / ((high - low) * (mode - low))
    return torch.where(value <= mode, below, above)


def check_view(*, height: int, width: int, reach: float, limit: float = math.inf) -> None:
    """Refuse a view that has no pixels or shows nothing.

    Args:
        height: rows of pixels.
        width: columns of pixels.
        reach: from the middle to the nearer border.
        limit: what the distance to the corners must stay below.

    Raises:
        ValueError: a size is below 1, or ``reach`` is 0, negative or too large.

    >>> check_view(height=4, width=4, reach=0.0)
    Traceback (most recent call last):
    ValueError: reach must be above 0, not 0.0
    """
    if height < 1 or width < 1:
        raise ValueError(f"a view must be 1 x 1 px or more, not {height} x {width}")
    corner = math.hypot(height, width) / min(height, width)
    most = limit / corner
    if not 0 < reach < most:
        below = f" and below {most:.3f}, where the corners meet" if most < math.inf else ""
        raise ValueError(f"reach must be above 0{below}, not {reach}")


def around(count: int) -> Tensor:
    """Return directions that are spread evenly over the sphere, on a spiral; ``(count, 3)``.

    Source: none; the spiral of the golden angle.

    >>> around(2).norm(dim=-1).tolist(), around(2)[:, 2].tolist()
    ([1.0, 1.0], [0.5, -0.5])
    """
    turns = torch.arange(count, device="cpu", dtype=torch.float64)
    z = 1 - (2 * turns + 1) / max(count, 1)
    angle, level = turns * (math.pi * (3 - math.sqrt(5))), (1 - z.square()).sqrt()
    return torch.stack([level * angle.cos(), level * angle.sin(), z], dim=-1).float()


def frame(centre: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the directions right, up and to whoever looks from ``centre``; each ``(3,)``."""
    ahead = F.normalize(centre, dim=0)
    axis = (torch.arange(3, device=centre.device) == ahead.abs().argmin()).to(ahead)
    right = F.normalize(torch.linalg.cross(axis, ahead), dim=0)
    return right, torch.linalg.cross(ahead, right), ahead


def patch(centre: Tensor, *, height: int, width: int, reach: float) -> Tensor:
    """Return the directions of the pixels of a patch of the sphere, all of equal area.

    Source: Cells to Pixels, patches by Lambert's azimuthal projection, up to a range of 0.4.
    Which way is up is ncabench's.

    Args:
        centre: ``(3,)``, the direction of the patch's middle.
        height: rows of pixels.
        width: columns of pixels.
        reach: of the projection, from the middle to the nearer border; below 2 at the corners.

    Shape:
        result ``(height, width, 3)``, of length 1.

    Raises:
        ValueError: as `check_view`.

    >>> ahead = patch(torch.tensor([0.0, 0.0, 2.0]), height=1, width=1, reach=0.4)
    >>> ahead.flatten().tolist()
    [0.0, 0.0, 1.0]
    """
    check_view(height=height, width=width, reach=reach, limit=2.0)
    right, up, ahead = frame(centre)
    unit = 2 * reach / min(height, width)
    down, across = (
        (torch.arange(count, device=centre.device) + 0.5 - count / 2) * unit
        for count in (height, width)
    )
    y, x = torch.meshgrid(-down, across, indexing="ij")
    squared = (x.square() + y.square())[..., None]
    aside = x[..., None] * right + y[..., None] * up
    ways: Tensor = (1 - squared / 4).clamp_min(0).sqrt() * aside + (1 - squared / 2) * ahead
    return ways


def located(directions: Tensor, *, subdivision: int) -> tuple[Tensor, Tensor]:
    """Return which triangle of an icosphere lies in each direction, and where in it.

    Args:
        directions: ``(P, 3)``.
        subdivision: n of the icosphere.

    Shape:
        the triangles' numbers ``(P,)``; barycentric coordinates ``(P, 3)`` of where the line
        from the middle of the sphere crosses the flat triangle.

    >>> sphere = meshes.icosphere(3)
    >>> middles = torch.from_numpy(sphere.vertices[sphere.triangles].mean(axis=1))
    >>> numbers, parts = located(middles, subdivision=3)
    >>> torch.equal(numbers, torch.arange(180)), bool((parts - 1 / 3).abs().max() < 1e-6)
    (True, True)
    """
    n, body = subdivision, meshes.icosahedron()
    middles = torch.from_numpy(body.vertices[body.triangles].sum(axis=1)).to(directions)
    face = (directions @ middles.T).argmax(dim=1)
    inner = _parts(directions, face, subdivision=1)
    x, y = n * inner[:, 1], n * inner[:, 2]
    i = x.floor().clamp_max(n - 1)
    j = y.floor().clamp_min(0).minimum(n - 1 - i)
    beyond = (x - i + y - j > 1) & (i + j < n - 1)
    number = (face * n * n + 2 * n * i - i * i + 2 * j + beyond).long()
    return number, _parts(directions, number, subdivision=n)


def _parts(directions: Tensor, triangles: Tensor, *, subdivision: int) -> Tensor:
    """Return the barycentric coordinates of directions in triangles that they cross."""
    inverses = torch.from_numpy(_inverses(subdivision)).to(directions)[triangles]  # (P, 3, 3)
    parts = torch.einsum("pk,pkc->pc", directions, inverses).clamp_min(0)
    return parts / parts.sum(dim=1, keepdim=True)


@cache
def _inverses(subdivision: int) -> Points:
    """Return of each triangle the matrix that tells directions as sums of its corners."""
    sphere = meshes.icosphere(subdivision) if subdivision > 1 else meshes.icosahedron()
    return np.linalg.inv(sphere.vertices[sphere.triangles]).astype(np.float64)
