"""Attention of a cell to copies of its neighbours: the same numbers, and what they cost."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.perception.attention import Attention


class UnfoldedAttention(Attention):
    """The perception ``attention``, computed from copies of every cell's neighbourhood.

    Keys and values are copied once for each neighbour, so that memory grows with their
    number. Weights, their start and results are those of ``attention``; it is for tables of
    costs whose papers paid for the copies.

    Source: NCAtorch, table 6, "NCA (Attention)": 17,444.6 MB to train are what such copies
    take, and three times what ``attention`` takes.

    Args:
        channels: C, the channels of the state and of the condition.
        kernel_size: side of the neighbourhood in cells, odd.
        out_channels: number of percepts, a multiple of ``heads``.
        heads: number of independent attentions.
        relative_bias: learn a score for each head and neighbour.
        slope: of the leaky ReLU, for negative values.

    Shape:
        input ``(B, C, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``kernel_size`` is even or not positive, or ``heads`` does not divide
            ``out_channels``.

    >>> perception = UnfoldedAttention(16)  # as many as `attention` has
    >>> sum(weight.numel() for weight in perception.parameters())
    10356
    """

    version = 1

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        out_channels: int = 80,
        heads: int = 4,
        relative_bias: bool = True,
        slope: float = 0.2,
    ) -> None:
        super().__init__(
            channels,
            kernel_size=kernel_size,
            out_channels=out_channels,
            heads=heads,
            relative_bias=relative_bias,
            slope=slope,
        )

    def forward(self, state: Tensor) -> Tensor:
        """Return what every cell reads from its neighbours."""
        query, key, value = self.qkv(state).chunk(3, dim=1)
        keys, values = self._neighbours(key), self._neighbours(value)
        batch, channels, height, width = query.shape
        asked = query.reshape(batch, self.heads, -1, 1, height * width)
        scores = (asked * math.sqrt(self.heads / channels) * keys).sum(dim=2)
        if self.bias is not None:
            scores = scores + self.bias[:, :, None]
        shares = scores.softmax(dim=2)  # (B, heads, neighbours, H W)
        read = (shares[:, :, None] * values).sum(dim=3).view(query.shape)
        return F.leaky_relu(self.projection(read), self.slope)

    def _neighbours(self, grid: Tensor) -> Tensor:
        """Return copies on a torus, ``(B, heads, E / heads, neighbours, H W)``."""
        padded = F.pad(grid, [self.reach] * 4, mode="circular")
        side = 2 * self.reach + 1
        copies = F.unfold(padded, side)  # (B, E neighbours, H W)
        return copies.view(len(grid), self.heads, -1, side**2, copies.shape[-1])
