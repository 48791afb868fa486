"""Cells in a volume: what they sense, and how rays through them become a picture.

Points of a volume have the coordinates down, across and into it, each from -1 to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.rendering.surface import check_view
from ncabench.nca.torus import wrapped

KERNELS = 5


def kernels() -> Tensor:
    """Return the five sums of `percepts`, ``(5, 1, 3, 3, 3)``."""
    offsets = torch.arange(-1, 2, device="cpu")
    away = torch.stack(torch.meshgrid(offsets, offsets, offsets, indexing="ij"))
    steps = away.abs().sum(dim=0)  # 0 in the middle, 3 at a corner
    smooth = 2.0 ** (3 - steps)
    laplacian = torch.tensor([-88.0, 6.0, 3.0, 2.0], device="cpu")[steps] / 8
    value = (steps == 0).float()
    return torch.stack([value, *(smooth * axis / 4 for axis in away), laplacian])[:, None]


def percepts(volume: Tensor, sums: Tensor) -> Tensor:
    """Return five fixed sums over the 27 cells around each, channel by channel, on a torus.

    They are the value, the Sobel sums down, across and into the volume, and the Laplacian,
    whose middle is -88/8, the cells at its faces 6/8, at its edges 3/8 and at its corners 2/8.

    Source: Cells to Pixels, the automaton's perception in three dimensions. No factor is
    stated for the Sobel sums. A quarter of those of whole numbers gives a ramp the slope of
    8 that it has on a plane; the whole ones drive states out of their range in training.

    Args:
        volume: ``(B, C, D, H, W)``.
        sums: `kernels`, where the volume is.

    Shape:
        result ``(B, 5C, D, H, W)``.

    >>> down = torch.arange(5.0)[:, None, None].expand(1, 1, 5, 5, 5)
    >>> percepts(down, kernels())[0, :, 2, 2, 2].tolist()
    [2.0, 8.0, 0.0, 0.0, 0.0]
    """
    channels = volume.shape[1]
    weights = sums.to(volume.dtype).repeat(channels, 1, 1, 1, 1)
    return F.conv3d(wrapped(volume, axes=3), weights, groups=channels)


def interpolated(volume: Tensor, points: Tensor) -> Tensor:
    """Return states at points, trilinear between the middles of cells, on a torus.

    Args:
        volume: ``(B, C, D, H, W)``.
        points: ``(..., 3)``, each coordinate from -1 to 1.

    Shape:
        result ``(B, ..., C)``.

    >>> down = torch.tensor([0.0, 8.0]).view(1, 1, 2, 1, 1)  # the middles are at -1/2 and 1/2
    >>> points = torch.tensor([[-0.5, 0.0, 0.0], [0.25, 0.0, 0.0]])
    >>> interpolated(down, points).flatten().tolist()
    [0.0, 6.0]
    """
    pairs = zip(points.unbind(-1), volume.shape[2:], strict=True)
    inner = [along * (side / (side + 2)) for along, side in pairs]
    rows = torch.stack(inner[::-1], dim=-1).reshape(1, -1, 1, 1, 3)  # it takes W, H, D
    found = F.grid_sample(
        wrapped(volume, axes=3),
        rows.to(volume.dtype).expand(len(volume), -1, -1, -1, -1),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )  # (B, C, N, 1, 1)
    return found.flatten(2).movedim(1, -1).reshape(len(volume), *points.shape[:-1], -1)


def local(points: Tensor, *, side: int) -> Tensor:
    """Return where in their cell points of a cube lie, each coordinate from -1 to 1.

    Args:
        points: ``(..., 3)``, each coordinate from -1 to 1.
        side: cells along each axis.

    Shape:
        result ``(..., 3)``.

    >>> local(torch.tensor([-0.75, 0.0, 0.25]), side=2).tolist()
    [-0.5, -1.0, -0.5]
    """
    cells = (points + 1) * (side / 2)
    return 2 * (cells - cells.floor()) - 1


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where a volume is seen from: far away, so that rays are nearly parallel.

    Attributes:
        turn: radians around the vertical axis; 0 looks along the third axis.
        lift: radians above the horizon.
        distance: from the middle of the volume, whose half side is 1.
        reach: half of what is seen from top to bottom, at the middle of the volume.
    """

    turn: float = 0.0
    lift: float = 0.0
    distance: float = 20.0
    reach: float = 1.8

    def rays(
        self, *, height: int, width: int, device: torch.device | str = "cpu"
    ) -> tuple[Tensor, Tensor]:
        """Return where the camera is ``(3,)``, and its rays' directions ``(height, width, 3)``.

        Directions have length 1, and go through the middles of pixels.

        Raises:
            ValueError: there are no pixels, or ``reach`` is not above 0.
        """
        check_view(height=height, width=width, reach=self.reach)
        level = math.cos(self.lift)
        onward = [math.sin(self.lift), level * math.sin(self.turn), level * math.cos(self.turn)]
        into = torch.tensor(onward, device="cpu")
        right = torch.tensor([0.0, math.cos(self.turn), -math.sin(self.turn)], device="cpu")
        down = torch.linalg.cross(right, into)
        down = down if float(down[0]) > 0 else -down
        into, right, down = (one.to(device) for one in (into, right, down))
        rows = _middles(height, device=device)[:, None, None] * self.reach
        columns = _middles(width, device=device)[None, :, None] * (self.reach * width / height)
        ways = into * self.distance + rows * down + columns * right
        return -self.distance * into, F.normalize(ways, dim=-1)


def _middles(count: int, *, device: torch.device | str) -> Tensor:
    return (torch.arange(count, device=device) + 0.5) * (2 / count) - 1


def crossing(origin: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far along rays the volume begins, and how long they are within it.

    Shape:
        origin ``(3,)``, directions ``(..., 3)``; results ``(...)``. A length of 0 misses.

    >>> from_left = torch.tensor([0.0, -3.0, 0.0])
    >>> ahead, up = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    >>> [float(one) for one in crossing(from_left, ahead)], float(crossing(from_left, up)[1])
    ([2.0, 2.0], 0.0)
    """
    flat = directions.abs() < 1e-9  # along a wall: crosses no other
    ways = torch.where(flat, torch.full_like(directions, 1e-9), directions)
    walls = torch.stack([(-1 - origin) / ways, (1 - origin) / ways])
    begin = walls.amin(dim=0).amax(dim=-1).clamp_min(0)
    end = walls.amax(dim=0).amin(dim=-1)
    return begin, (end - begin).clamp_min(0)


def composed(colours: Tensor, densities: Tensor, spacing: Tensor) -> Tensor:
    """Return what is seen along rays before a white background.

    Each sample covers what lies behind it by ``1 - exp(-density * spacing)``, the density
    being the softplus of what is given.

    Source: Mildenhall et al., "NeRF", 2020, equation 3; softplus and white are those of Cells
    to Pixels' authors' renderer of volumes.

    Args:
        colours: ``(..., N, K)``, of N samples from near to far.
        densities: ``(..., N)``, before the softplus.
        spacing: ``(...)``, between two samples of a ray.

    Shape:
        result ``(..., K)``.

    >>> nothing = torch.full((1, 2), -50.0)
    >>> composed(torch.zeros(1, 2, 3), nothing, torch.ones(1)).tolist()
    [[1.0, 1.0, 1.0]]
    """
    depths = F.softplus(densities) * spacing[..., None]  # (..., N)
    before = depths.cumsum(dim=-1) - depths
    weights = (-before).exp() * -torch.expm1(-depths)
    seen = (weights[..., None] * colours).sum(dim=-2)
    return seen + (-depths.sum(dim=-1, keepdim=True)).exp()
