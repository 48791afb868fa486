"""Which triangle of a surface is nearest behind each pixel: a depth buffer."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ncabench.nca.rendering import surface
from ncabench.nca.rendering.mesh import Indices, Mesh, Points

NOTHING = -1
ROUNDING = 1e-9


def centred(mesh: Mesh) -> Points:
    """Return vertices moved and scaled so that a sphere of radius 1 holds all of them.

    The middle of the box around them is then 0, and the furthest vertex at distance 1.

    >>> where = np.array([[0.0, 0.0, 1.0], [4.0, 0.0, 1.0]])
    >>> centred(Mesh(vertices=where, triangles=np.zeros((0, 3), dtype=np.int64))).tolist()
    [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    moved = mesh.vertices - middle
    scaled: Points = moved / np.linalg.norm(moved, axis=1).max()
    return scaled


def nearest(
    mesh: Mesh, centre: Tensor, *, height: int, width: int, reach: float
) -> tuple[Tensor, Tensor]:
    """Return the triangle at each pixel of a parallel projection, and where in it the pixel is.

    The surface is `centred`. A pixel whose middle is behind an edge belongs to one of the two
    triangles. What is found of a view is used with any states: those are mixed by the
    barycentric coordinates, through which gradients go.

    Source: none; Cells to Pixels shows meshes, and trains on patches of a sphere.

    Args:
        mesh: a closed surface, whose triangles face outside.
        centre: ``(3,)``, the direction from which it is seen.
        height: rows of pixels.
        width: columns of pixels.
        reach: from the middle to the nearer border; 1 shows all of it.

    Shape:
        ``(height, width)``, int64, `NOTHING` where there is no triangle; ``(height, width,
        3)``, float32, 0 there.

    Raises:
        ValueError: as ``surface.check_view``.
    """
    surface.check_view(height=height, width=width, reach=reach)
    flat = _projected(mesh, centre, height=height, width=width, reach=reach)
    numbers, rows, columns = _candidates(flat, height=height, width=width)
    corners = flat[numbers]  # (P, 3, 3): row, column, nearness of each corner
    across, down = corners[..., 1] - columns[:, None], corners[..., 0] - rows[:, None]
    parts = np.stack(
        [
            across[:, one] * down[:, two] - across[:, two] * down[:, one]
            for one, two in ((1, 2), (2, 0), (0, 1))
        ],
        axis=-1,
    )
    parts /= parts.sum(axis=1, keepdims=True)
    inside = parts.min(axis=1, initial=1.0) >= -ROUNDING
    numbers, parts = numbers[inside], parts[inside].clip(0, 1)
    pixels = (rows * width + columns)[inside]
    near = np.einsum("pc,pc->p", parts, flat[numbers][..., 2])
    order = np.lexsort((near, pixels))
    last = order[np.flatnonzero(np.diff(pixels[order], append=height * width))]
    found = np.full(height * width, NOTHING)
    shares = np.zeros((height * width, 3), dtype=np.float32)
    found[pixels[last]] = numbers[last]
    shares[pixels[last]] = parts[last]
    return (
        torch.from_numpy(found.reshape(height, width)),
        torch.from_numpy(shares.reshape(height, width, 3)),
    )


def _projected(mesh: Mesh, centre: Tensor, *, height: int, width: int, reach: float) -> Points:
    """Return of each triangle's corners the row, the column, and how near; ``(F, 3, 3)``."""
    right, up, ahead = (one.double().numpy() for one in surface.frame(centre.double().cpu()))
    vertices = centred(mesh)
    unit = 2 * reach / min(height, width)
    rows = (height - 1) / 2 - vertices @ up / unit  # whole numbers are the middles of pixels
    columns = (width - 1) / 2 + vertices @ right / unit
    seen: Points = np.stack([rows, columns, vertices @ ahead], axis=-1)[mesh.triangles]
    return seen


def _candidates(flat: Points, *, height: int, width: int) -> tuple[Indices, Indices, Indices]:
    """Return the triangles that face whoever looks, with every pixel of the box around each."""
    sides = flat[:, 1:, :2] - flat[:, :1, :2]
    doubled = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]
    facing = np.flatnonzero(doubled > ROUNDING)  # neither turned away nor seen from its edge
    limits = np.array([height - 1, width - 1])
    low = np.ceil(flat[facing, :, :2].min(axis=1) - ROUNDING).clip(0).astype(np.int64)
    high = np.floor(flat[facing, :, :2].max(axis=1) + ROUNDING).clip(max=limits)
    size = (high.astype(np.int64) - low + 1).clip(0)  # (F, 2)
    counts = size.prod(axis=1)
    turns = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    of = np.repeat(np.arange(len(facing)), counts)
    rows, columns = np.divmod(turns, size[of, 1])
    return facing[of], rows + low[of, 0], columns + low[of, 1]
