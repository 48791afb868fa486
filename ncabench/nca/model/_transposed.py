"""Restormer's transformer block: attention between channels, and a gated feed-forward part."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.model._channel_norm import ChannelNorm
from ncabench.nca.weights import Keyed


class Transposed(nn.Module):
    """Channels read from each other, each being compared over all of its cells.

    1x1 to three times the channels and 3x3 within each give queries, keys and values. In each
    head a channel's query is compared with the channels' keys, the score times a weight; the
    softmax over keys shares out the values; 1x1 puts heads together. No layer has a bias.

    Source: Restormer, section 3.1, equation 1, and figure 2a (MDTA).

    Args:
        channels: C.
        heads: independent attentions, each among ``channels // heads`` channels.
        normalised_qk: divide queries and keys by their norms over the cells.
        temperature: a weight for each ``"head"``, or one for the ``"block"``; it starts at 1.

    Shape:
        ``(B, C, H, W)`` to the same.
    """

    def __init__(
        self,
        channels: int,
        *,
        heads: int,
        normalised_qk: bool,
        temperature: Literal["head", "block"],
    ) -> None:
        super().__init__()
        self.heads, self.normalised_qk = heads, normalised_qk
        wide = 3 * channels
        self.temperature = nn.Parameter(torch.ones(heads if temperature == "head" else 1, 1, 1))
        self.qkv = nn.Conv2d(channels, wide, 1, bias=False)
        self.mix = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False)
        self.project = nn.Conv2d(channels, channels, 1, bias=False)

    def initialise(self, keyed: Keyed) -> None:  # noqa: ARG002 -- nothing is drawn
        """Start from scores as they are."""
        nn.init.ones_(self.temperature)

    def forward(self, grid: Tensor) -> Tensor:
        """Return what channels read."""
        query, key, value = (
            one.flatten(2).unflatten(1, (self.heads, -1))
            for one in self.mix(self.qkv(grid)).chunk(3, dim=1)
        )  # (B, heads, C / heads, H W)
        if self.normalised_qk:
            query, key = F.normalize(query, dim=-1), F.normalize(key, dim=-1)
        shares = (query @ key.mT * self.temperature).softmax(dim=-1)
        read: Tensor = self.project((shares @ value).reshape(grid.shape))
        return read


class Block(nn.Module):
    """`Transposed` attention and a gated feed-forward part, each normalised and added.

    Feed-forward: 1x1 to twice the hidden channels, 3x3 within each, the exact GELU of the
    first half times the second, 1x1. No layer has a bias, but the norms have.

    Source: Restormer, section 3.2, equation 2, and figure 2b (GDFN).

    Args:
        channels: C.
        heads: as in `Transposed`.
        expansion: hidden channels of the feed-forward part, in C, rounded down.
        normalised_qk: as in `Transposed`.
        temperature: likewise.
        epsilon: added to the variance in both norms.

    Shape:
        ``(B, C, H, W)`` to the same.
    """

    def __init__(
        self,
        channels: int,
        *,
        heads: int,
        expansion: float,
        normalised_qk: bool,
        temperature: Literal["head", "block"],
        epsilon: float,
    ) -> None:
        super().__init__()
        hidden = int(channels * expansion)
        self.before_attention = ChannelNorm(channels, epsilon=epsilon)
        self.attention = Transposed(
            channels, heads=heads, normalised_qk=normalised_qk, temperature=temperature
        )
        self.before_thought = ChannelNorm(channels, epsilon=epsilon)
        self.widen = nn.Conv2d(channels, 2 * hidden, 1, bias=False)
        self.mix = nn.Conv2d(
            2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False
        )
        self.narrow = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, grid: Tensor) -> Tensor:
        """Return the grid after the block."""
        grid = grid + self.attention(self.before_attention(grid))
        gate, thought = self.mix(self.widen(self.before_thought(grid))).chunk(2, dim=1)
        result: Tensor = grid + self.narrow(F.gelu(gate) * thought)
        return result
