"""A convolution whose taps move with what it sees."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.perception import Perception
from ncabench.nca.weights import Keyed


class Deformable(Perception):
    """A modulated deformable convolution, then a leaky ReLU.

    Two convolutions of the neighbourhood say, for each cell and tap, how far the tap moves
    (in cells, at most a quarter of the grid's longer side) and how much it counts (0 to 2).
    Both start at zero, where this is a plain convolution without bias. The grid is a torus
    only as far as the kernel reaches: a tap that moves beyond that reads zeros.

    Source: NCAtorch, section 2.1, "Deformable Perception", after Dai et al., "Deformable
    Convolutional Networks", ICCV 2017; the modulation, the limits and the missing bias are
    those of its code. That makes 28,026 parameters where table 1 prints 27k.

    Args:
        channels: C, the channels of the state and of the condition.
        kernel_size: side of all three kernels in cells, odd.
        out_channels: number of percepts.
        slope: of the leaky ReLU, for negative values.

    Shape:
        input ``(B, C, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``kernel_size`` is even or not positive.

    >>> perception = Deformable(21)  # 21 * 9 * 80, and (21 * 9 + 1) * (18 + 9)
    >>> sum(weight.numel() for weight in perception.parameters())
    20250
    """

    version = 1

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        out_channels: int = 80,
        slope: float = 0.2,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, not {kernel_size}")
        taps = kernel_size**2
        self.out_channels = out_channels
        self.slope = slope
        self.reach = kernel_size // 2
        self.offset = nn.Conv2d(channels, 2 * taps, kernel_size)
        self.modulator = nn.Conv2d(channels, taps, kernel_size)
        self.conv = nn.Conv2d(channels, out_channels, kernel_size, bias=False)
        self._rest()

    def initialise(self, _keyed: Keyed) -> None:
        """Start with taps that neither move nor differ in weight."""
        self._rest()

    def forward(self, state: Tensor) -> Tensor:
        """Return the convolution at the taps that ``state`` itself places."""
        from torchvision.ops import deform_conv2d  # seconds, which a plan need not spend

        padded = F.pad(state, [self.reach] * 4, mode="circular")
        limit = max(state.shape[-2:]) / 4
        offset = self.offset(padded).clamp(-limit, limit)  # (B, 2 taps, H, W)
        weight = 2 * torch.sigmoid(self.modulator(padded))  # (B, taps, H, W)
        # Mixed precision leaves the two in half; the operator wants one type for all.
        offset, weight = offset.to(padded.dtype), weight.to(padded.dtype)
        percepts: Tensor = deform_conv2d(padded, offset, self.conv.weight, mask=weight)
        return F.leaky_relu(percepts, self.slope)

    def _rest(self) -> None:
        for conv in (self.offset, self.modulator):
            for weight in conv.parameters():
                nn.init.zeros_(weight)
