"""Two layers for each cell, of which the last starts at zero."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.update import Update
from ncabench.nca.weights import Keyed


class ReLUMLP(Update):
    """A 1x1 convolution, a ReLU, and a 1x1 convolution without bias that starts at zero.

    So no cell changes before the first iteration. The first layer's weights start normal, of
    Xavier's standard deviation times ``gain``; its bias as PyTorch's does.

    Source: Cells to Pixels, table 1 ("update MLP") and its authors' code; the bias's start is
    nowhere stated.

    Args:
        in_channels: number of percepts.
        out_channels: C, the channels of the state.
        hidden: width between the two layers: 256 in the paper's growing, else 128.
        gain: factor on Xavier's standard deviation.

    Shape:
        input ``(B, in_channels, H, W)``; output ``(B, out_channels, H, W)``.

    >>> update = ReLUMLP(4 * 32, 32, hidden=256)  # (128 + 1) * 256 + 256 * 32
    >>> sum(weight.numel() for weight in update.parameters())
    41216
    """

    version = 1

    def __init__(
        self, in_channels: int, out_channels: int, *, hidden: int = 128, gain: float = 0.2
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, hidden, 1)
        self.last = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.gain = gain

    def initialise(self, keyed: Keyed) -> None:
        """Start the first layer from a narrow normal distribution, the last at zero."""
        ends = self.first.in_channels + self.first.out_channels
        keyed.normal_(self.first.weight, sd=self.gain * math.sqrt(2 / ends))
        nn.init.zeros_(self.last.weight)

    def forward(self, percepts: Tensor) -> Tensor:
        """Return the change that each cell's percepts call for."""
        change: Tensor = self.last(F.relu(self.first(percepts)))
        return change
