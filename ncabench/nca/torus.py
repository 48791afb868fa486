"""Grids whose opposite sides meet."""

from __future__ import annotations

import torch
from torch import Tensor


def wrapped(grid: Tensor, *, axes: int = 2) -> Tensor:
    """Return a grid with one more cell on each side, that of the opposite side.

    PyTorch's circular padding gives the same values, written in place; this can be traced with
    its gradients.

    Args:
        grid: of any shape.
        axes: how many of its last axes are wrapped.

    >>> wrapped(torch.tensor([1.0, 2.0, 3.0]), axes=1).tolist()
    [3.0, 1.0, 2.0, 3.0, 1.0]
    """
    for axis in range(-axes, 0):
        ends = grid.narrow(axis, -1, 1), grid, grid.narrow(axis, 0, 1)
        grid = torch.cat(ends, dim=axis)
    return grid
