"""One learned convolution."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.perception import Perception


class Conv(Perception):
    """A learned convolution of the neighbourhood, then a leaky ReLU.

    Source: NCAtorch, section 2.1, "Convolution Perception"; width, slope and the circular
    border are those of its code. Table 1 uses kernel sizes 3 and 5.

    Args:
        channels: C, the channels of the state and of the condition.
        kernel_size: side of the kernel in cells, odd.
        dilation: distance in cells between two taps.
        out_channels: number of percepts.
        slope: of the leaky ReLU, for negative values.
        padding: what lies beyond the border, ``"circular"`` (a torus) or ``"zeros"``.

    Shape:
        input ``(B, C, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``kernel_size`` is even or not positive.

    >>> sum(weight.numel() for weight in Conv(21).parameters())  # (21 * 9 + 1) * 80
    15200
    """

    version = 1

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        dilation: int = 1,
        out_channels: int = 80,
        slope: float = 0.2,
        padding: Literal["circular", "zeros"] = "circular",
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, not {kernel_size}")
        self.out_channels = out_channels
        self.slope = slope
        self.conv = nn.Conv2d(
            channels,
            out_channels,
            kernel_size,
            padding=dilation * (kernel_size // 2),
            dilation=dilation,
            padding_mode=padding,
        )

    def forward(self, state: Tensor) -> Tensor:
        """Return the convolution of every cell's neighbourhood."""
        return F.leaky_relu(self.conv(state), self.slope)
