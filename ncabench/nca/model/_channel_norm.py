"""Normalisation of each cell over its channels."""

from __future__ import annotations

from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """A LayerNorm of the channels of each cell, with a factor and a bias for each channel.

    Source: Ba et al., "Layer Normalization", 2016; over channels as NAFNet and Restormer
    have it.

    Args:
        channels: C.
        epsilon: added to the variance.

    Shape:
        ``(B, C, H, W)`` to ``(B, C, H, W)``.

    >>> import torch
    >>> cell = torch.tensor([1.0, 5.0]).view(1, 2, 1, 1)
    >>> ChannelNorm(2, epsilon=0.0)(cell).flatten().tolist()
    [-1.0, 1.0]
    """

    def __init__(self, channels: int, *, epsilon: float) -> None:
        super().__init__(channels, eps=epsilon)

    def forward(self, grid: Tensor) -> Tensor:
        """Return the normalised grid."""
        normed: Tensor = super().forward(grid.movedim(1, -1))
        return normed.movedim(-1, 1)


def gated(grid: Tensor) -> Tensor:
    """Return the first half of the channels times the second: NAFNet's SimpleGate.

    Shape:
        ``(B, 2C, H, W)`` to ``(B, C, H, W)``.

    >>> import torch
    >>> gated(torch.tensor([2.0, 3.0, 10.0, 100.0]).view(1, 4, 1, 1)).flatten().tolist()
    [20.0, 300.0]
    """
    first, second = grid.chunk(2, dim=1)
    return first * second
