"""Two learned convolutions beside a skip connection."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.perception import Perception


class Residual(Perception):
    """Convolution, ReLU, convolution; added to the input, then a ReLU.

    The input goes through a 1x1 convolution where its width is not ``out_channels``. A
    percept sees ``2 * kernel_size - 1`` cells along each axis.

    Source: NCAtorch, section 2.1, "Residual Perception"; activations and widths are those of
    its code.

    Args:
        channels: C, the channels of the state and of the condition.
        kernel_size: side of both kernels in cells, odd.
        out_channels: number of percepts.
        padding: what lies beyond the border, ``"circular"`` (a torus) or ``"zeros"``.

    Shape:
        input ``(B, C, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``kernel_size`` is even or not positive.

    >>> residual = Residual(21)  # (21 * 9 + 1) * 80 + (80 * 9 + 1) * 80 + (21 + 1) * 80
    >>> sum(weight.numel() for weight in residual.parameters())
    74640
    """

    version = 1

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        out_channels: int = 80,
        padding: Literal["circular", "zeros"] = "circular",
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, not {kernel_size}")
        self.out_channels = out_channels
        self.first = nn.Conv2d(
            channels, out_channels, kernel_size, padding=kernel_size // 2, padding_mode=padding
        )
        self.second = nn.Conv2d(
            out_channels,
            out_channels,
            kernel_size,
            padding=kernel_size // 2,
            padding_mode=padding,
        )
        same = channels == out_channels
        self.skip = nn.Identity() if same else nn.Conv2d(channels, out_channels, 1)

    def forward(self, state: Tensor) -> Tensor:
        """Return the two convolutions, added to the input."""
        change: Tensor = self.second(F.relu(self.first(state)))
        return F.relu(change + self.skip(state))
