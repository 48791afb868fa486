"""What the networks of image restoration share: borders, and an image that is added to."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.state import Layout


def check_images(layout: Layout) -> None:
    """Raise ValueError where what is answered cannot be added to what is read.

    >>> check_images(Layout(height=8, width=8, frozen=1, visible=3))
    Traceback (most recent call last):
    ValueError: an image of 1 channels cannot be restored to 3 visible channels and 0 scores
    """
    read = layout.frozen or layout.visible
    if read != layout.visible or layout.classes:
        raise ValueError(
            f"an image of {read} channels cannot be restored to {layout.visible} visible "
            f"channels and {layout.classes} scores"
        )


def filled(grid: Tensor, *, multiple: int) -> Tensor:
    """Return a grid with zeros to the right and below, up to the next multiples of a number.

    >>> import torch
    >>> filled(torch.ones(1, 1, 2, 4), multiple=4).shape
    torch.Size([1, 1, 4, 4])
    """
    height, width = grid.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return F.pad(grid, [0, right, 0, below]) if below or right else grid
