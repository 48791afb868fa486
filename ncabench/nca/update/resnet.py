"""Residual layers for each cell."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.update import Update
from ncabench.nca.update.mlp import start_last
from ncabench.nca.weights import Keyed


class ResNet(Update):
    """A 1x1 convolution, residual blocks of two 1x1 convolutions, and a 1x1 convolution.

    A leaky ReLU (0.2) follows the first convolution, the first of each block, and the sum
    that ends each block.

    Source: NCAtorch's code, update "ResNet" (the paper's section 2.1 names none); with two
    blocks of 128 it makes up the 673,697 parameters of the MovingMNIST model. Where the
    activations stand inside a block is ncabench's choice.

    Args:
        in_channels: number of percepts.
        out_channels: C, the channels of the state.
        hidden: width of all layers but the last.
        blocks: number of residual blocks.
        last: how the last layer starts, as in ``mlp``.

    Shape:
        input ``(B, in_channels, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``blocks`` is negative.

    >>> update = ResNet(3, 2, hidden=4, blocks=1)  # (3 + 1) * 4 + 2 * (4 + 1) * 4 + (4 + 1) * 2
    >>> sum(weight.numel() for weight in update.parameters())
    66
    """

    version = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        hidden: int = 80,
        blocks: int = 2,
        last: Literal["xavier", "small_normal"] = "xavier",
    ) -> None:
        super().__init__()
        if blocks < 0:
            raise ValueError(f"blocks must be 0 or more, not {blocks}")
        self.first = nn.Conv2d(in_channels, hidden, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(hidden, hidden, 1), nn.LeakyReLU(0.2), nn.Conv2d(hidden, hidden, 1)
            )
            for _ in range(blocks)
        )
        self.last = nn.Conv2d(hidden, out_channels, 1)
        self.start = last

    def initialise(self, keyed: Keyed) -> None:
        """Start the last layer small, so that the first changes are."""
        start_last(self.last, keyed, last=self.start)

    def forward(self, percepts: Tensor) -> Tensor:
        """Return the change that each cell's percepts call for."""
        thought = F.leaky_relu(self.first(percepts), 0.2)
        for block in self.blocks:
            thought = F.leaky_relu(thought + block(thought), 0.2)
        change: Tensor = self.last(thought)
        return change
