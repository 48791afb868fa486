"""Points between the cells of a plane: their states, and where in its cell each lies."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.torus import wrapped


def check_scale(scale: int) -> None:
    """Raise ValueError where cells would have no pixels."""
    if scale < 1:
        raise ValueError(f"scale must be 1 or more pixels a cell, not {scale}")


def interpolated(state: Tensor, *, scale: int) -> Tensor:
    """Return the states of the pixels, bilinear between the middles of cells, on a torus.

    Source: Cells to Pixels, its authors' renderer of planes.

    Args:
        state: ``(B, C, H, W)``.
        scale: S, pixels along each side of a cell.

    Shape:
        result ``(B, C, S H, S W)``.

    Raises:
        ValueError: ``scale`` is below 1.

    >>> row = torch.tensor([0.0, 4.0]).view(1, 1, 1, 2)
    >>> interpolated(row, scale=2)[0, 0, 0].tolist()  # both ends meet the other cell
    [1.0, 1.0, 3.0, 3.0]
    """
    check_scale(scale)
    if scale == 1:
        return state
    fine = F.interpolate(
        wrapped(state), scale_factor=scale, mode="bilinear", align_corners=False
    )
    return fine[..., scale:-scale, scale:-scale]


def coordinates(scale: int, *, device: torch.device | str = "cpu") -> Tensor:
    """Return where in their cell its pixels lie: down and across, from -1 to 1.

    They are the pixels' middles, so a cell of one pixel has only its own middle, 0. The cell's
    middle, not its corner, is between the four cells whose states are mixed: coordinates jump
    from cell to cell where states do not.

    Source: Cells to Pixels, its authors' renderer of planes; that down comes first is
    ncabench's.

    Args:
        scale: S, pixels along each side of a cell.
        device: where they are needed.

    Shape:
        result ``(S, S, 2)``, float32.

    Raises:
        ValueError: ``scale`` is below 1.

    >>> coordinates(2)[0].tolist()  # of the upper two pixels
    [[-0.5, -0.5], [-0.5, 0.5]]
    """
    check_scale(scale)
    middles = (torch.arange(scale, device=device) + 0.5) * (2 / scale) - 1
    return torch.stack(torch.meshgrid(middles, middles, indexing="ij"), dim=-1)


def tiled(scale: int, *, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Return the coordinates of all pixels of a plane of cells.

    Shape:
        result ``(S H, S W, 2)``, float32.

    >>> tiled(2, height=1, width=2)[0, :, 1].tolist()
    [-0.5, 0.5, -0.5, 0.5]
    """
    return coordinates(scale, device=device).repeat(height, width, 1)
