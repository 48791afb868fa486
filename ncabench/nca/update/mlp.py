"""Two layers for each cell."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.update import Update
from ncabench.nca.weights import Keyed


def start_last(conv: nn.Conv2d, keyed: Keyed, *, last: str) -> None:
    """Draw the weights of an update's last layer: ``"xavier"`` or ``"small_normal"``.

    Source: NCAtorch's code. Its first public version draws the weights Xavier-uniform with
    gain 0.1 and leaves the bias at PyTorch's default; later ones draw both from a normal
    distribution of standard deviation 0.001.
    """
    if last == "xavier":
        ends = conv.in_channels + conv.out_channels
        keyed.uniform_(conv.weight, bound=0.1 * math.sqrt(6 / ends))
        return
    for weight in conv.parameters():
        keyed.normal_(weight, sd=1e-3)


class MLP(Update):
    """A 1x1 convolution, a leaky ReLU (0.2), and a 1x1 convolution.

    Source: NCAtorch, section 2.1, "Update Module"; the layers are those of its code, which
    are dense although the text calls them depthwise.

    Args:
        in_channels: number of percepts.
        out_channels: C, the channels of the state.
        hidden: width between the two layers.
        last: how the last layer starts: ``"xavier"`` (gain 0.1; the code that comes nearest
            to the tables) or ``"small_normal"`` (weight and bias of standard deviation
            0.001; later code).
        tanh: keep each change within -1 and 1.

    Shape:
        input ``(B, in_channels, H, W)``; output ``(B, out_channels, H, W)``.

    >>> update = MLP(84, 16)  # (84 + 1) * 80 + (80 + 1) * 16
    >>> sum(weight.numel() for weight in update.parameters())
    8096
    """

    version = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        hidden: int = 80,
        last: Literal["xavier", "small_normal"] = "xavier",
        tanh: bool = False,
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, hidden, 1)
        self.last = nn.Conv2d(hidden, out_channels, 1)
        self.start = last
        self.tanh = tanh

    def initialise(self, keyed: Keyed) -> None:
        """Start the last layer small, so that the first changes are."""
        start_last(self.last, keyed, last=self.start)

    def forward(self, percepts: Tensor) -> Tensor:
        """Return the change that each cell's percepts call for."""
        change: Tensor = self.last(F.leaky_relu(self.first(percepts), 0.2))
        return torch.tanh(change) if self.tanh else change
