"""Grids of patches: the pixels of a square become channels of one cell."""

from __future__ import annotations

from torch import Tensor


def patchify(image: Tensor, *, size: int) -> Tensor:
    """Return images as grids of patches, without overlap.

    A cell's channels are its pixels row by row, and of each pixel all channels.

    Source: ViTCA, section 3.1.

    Shape:
        image ``(B, C, H, W)``; result ``(B, size * size * C, H / size, W / size)``.

    >>> import torch
    >>> patchify(torch.arange(4.0).view(1, 1, 2, 2), size=2).flatten().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    if size == 1:
        return image
    batch, channels, height, width = image.shape
    down, across = height // size, width // size
    pixels = image.reshape(batch, channels, down, size, across, size)
    return pixels.permute(0, 3, 5, 1, 2, 4).reshape(batch, -1, down, across)


def unpatchify(grid: Tensor, *, size: int) -> Tensor:
    """Return the images that `patchify` made grids of.

    Shape:
        grid ``(B, size * size * C, h, w)``; result ``(B, C, h * size, w * size)``.

    >>> import torch
    >>> unpatchify(torch.arange(4.0).view(1, 4, 1, 1), size=2)[0, 0].tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    if size == 1:
        return grid
    batch, _, down, across = grid.shape
    pixels = grid.reshape(batch, size, size, -1, down, across)
    return pixels.permute(0, 3, 4, 1, 5, 2).reshape(batch, -1, down * size, across * size)


def repeat(grid: Tensor, *, size: int) -> Tensor:
    """Return planes in which every pixel of a patch has its cell's values.

    Shape:
        grid ``(B, C, h, w)``; result ``(B, C, h * size, w * size)``.
    """
    if size == 1:
        return grid
    return grid.repeat_interleave(size, dim=2).repeat_interleave(size, dim=3)
