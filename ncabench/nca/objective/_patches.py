"""Parts of images, and images of another size, as textures are compared by them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def resized(images: Tensor, *, side_px: int) -> Tensor:
    """Return square images of another size: bilinear, smoothed where they become smaller.

    Products with two matrices, so that gradients are the same in every run on every device.

    Shape:
        images ``(B, C, H, W)``; result ``(B, C, side_px, side_px)``.

    >>> row = torch.tensor([[[[0.0, 2.0, 4.0, 6.0]]]]).expand(1, 1, 4, 4)
    >>> resized(row, side_px=2)[0, 0, 0].mul(7).round().tolist()  # weights 3/7, 3/7 and 1/7
    [10.0, 32.0]
    """
    height, width = images.shape[-2:]
    if (height, width) == (side_px, side_px):
        return images
    down, across = (
        _weights(side, side_px, device=images.device, dtype=images.dtype)
        for side in (height, width)
    )
    return down @ images @ across.T


def crops(images: Tensor, *, divisor: int, tops: Tensor, lefts: Tensor) -> Tensor:
    """Return parts of images whose sides are a share of theirs, the same parts of each.

    Args:
        images: ``(B, C, H, W)``.
        divisor: of the sides, rounded down.
        tops: ``(N,)``, uniform in [0, 1): 0 is the highest place that a part can have.
        lefts: likewise, from the left.

    Shape:
        result ``(N, B, C, H // divisor, W // divisor)``.

    >>> row = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    >>> given = {"tops": torch.tensor([0.0]), "lefts": torch.tensor([0.99])}
    >>> crops(row, divisor=2, **given)[0, 0, 0].tolist()
    [[2.0, 3.0], [2.0, 3.0]]
    """
    height, width = images.shape[-2:]
    rows, columns = (
        _places(shares, size // divisor, of=size)
        for shares, size in ((tops, height), (lefts, width))
    )
    parts = [
        images.index_select(2, down).index_select(3, across)
        for down, across in zip(rows, columns, strict=True)
    ]
    return torch.stack(parts)


def _places(shares: Tensor, length: int, *, of: int) -> Tensor:
    """Return which rows each part has, ``(N, length)``."""
    first = (shares * (of - length + 1)).long()
    return first[:, None] + torch.arange(length, device=shares.device)


def _weights(side: int, wanted: int, **given: torch.device | torch.dtype) -> Tensor:
    """Return how much each of ``side`` pixels counts in each of ``wanted``."""
    alone = torch.eye(side, **given)[None, None]  # type: ignore[call-overload]
    size = (wanted, side)
    found: Tensor = F.interpolate(alone, size=size, mode="bilinear", antialias=True)[0, 0]
    return found
