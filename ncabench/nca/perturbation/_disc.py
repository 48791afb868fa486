"""Discs on a grid, in coordinates from -1 to 1 along each axis."""

from __future__ import annotations

import torch
from torch import Tensor


def disc(state: Tensor, *, centre: tuple[Tensor, Tensor], radius: Tensor) -> Tensor:
    """Return which cells lie less than ``radius`` from ``centre``.

    The first cell of an axis stands at -1 and the last at 1, so that a length of 1 is half a
    side, whatever the resolution. Coordinates are one division of integers, which is the
    same on every device.

    Args:
        state: whose grid and device it is, ``(B, C, H, W)``.
        centre: down and right, each ``(B,)`` or ``(1,)``.
        radius: ``(B,)`` or ``(1,)``.

    Shape:
        result ``(B, 1, H, W)``, bool.
    """
    batch, _, height, width = state.shape
    down, right = (one.view(-1, 1, 1, 1) for one in centre)
    y = _axis(height, state.device).view(1, 1, -1, 1)
    x = _axis(width, state.device)
    inside = (y - down).square() + (x - right).square() < radius.view(-1, 1, 1, 1).square()
    return inside.expand(batch, -1, -1, -1)


def _axis(cells: int, device: torch.device) -> Tensor:
    last = max(cells - 1, 1)
    return (2 * torch.arange(cells, device=device) - (cells - 1)) / last
