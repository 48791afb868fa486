"""Pictures of points, in the colours of their classes."""

from __future__ import annotations

import colorsys

import torch
from torch import Tensor

REACH = 1  # a dot is 3 x 3 px


def colours(count: int) -> Tensor:
    """Return as many colours as there are classes, evenly round the circle, ``(count, 3)``.

    >>> colours(3).round().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return torch.tensor([colorsys.hsv_to_rgb(k / count, 0.9, 0.85) for k in range(count)])


def drawn(points: Tensor, classes: Tensor, *, side: int) -> Tensor:
    """Return a picture of points on white, ``(3, side, side)``, on the CPU.

    The first coordinate goes to the right and the second up, each from its least to its
    largest over the whole side. Where dots meet, the picture has the mean of their colours.

    Args:
        points: ``(N, 2)``.
        classes: ``(N,)``, integers from 0.
        side: of the picture in pixels, at least 3.

    >>> corner = drawn(torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([0, 1]), side=9)
    >>> corner[:, 7, 1].round().tolist(), corner[:, 1, 1].tolist()  # below left, above left
    ([1.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    """
    points, classes = points.double().cpu(), classes.cpu()
    low, high = points.amin(dim=0), points.amax(dim=0)
    within = (points - low) / (high - low).clamp(min=torch.finfo(torch.float64).tiny)
    steps = (within * (side - 1 - 2 * REACH)).round().long() + REACH
    right, down = steps[:, 0], side - 1 - steps[:, 1]
    palette = colours(int(classes.max()) + 1)[classes].double()
    total, count = torch.zeros(side * side, 3).double(), torch.zeros(side * side).double()
    for y in range(-REACH, REACH + 1):
        for x in range(-REACH, REACH + 1):
            pixel = (down + y) * side + right + x
            total.index_add_(0, pixel, palette)
            count.index_add_(0, pixel, torch.ones(len(pixel)).double())
    picture = torch.where(count[:, None] > 0, total / count.clamp(min=1)[:, None], 1.0)
    return picture.T.reshape(3, side, side).float()
