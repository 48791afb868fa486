"""The U-Net of Noise2Noise with two halvings, which U-Net and UNetCA share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.1
JOINED, LAST = 64, 32


class Hourglass(nn.Module):
    """Convolutions at three resolutions; what is skipped is taken after the pooling.

    With width f: convolutions to f and f, halved; to f, halved; to f; doubled, joined with
    what was halved once, to 2f and 2f; doubled, joined with the input, to 64, 32 and the
    outputs. A leaky ReLU (0.1) follows all convolutions but the last; they have zero padding
    and biases. Halving is a maximum over 2x2, doubling repeats cells. There is no
    normalisation.

    Source: Lehtinen et al., "Noise2Noise", ICML 2018, supplement, table 2, with two halvings
    of the five, as ViTCA uses it.

    Args:
        inputs: channels of the grid.
        outputs: channels of the result.
        width: f.
        kernel_size: side of the convolutions after the first, odd; the first is 3x3.

    Shape:
        ``(B, inputs, H, W)`` to ``(B, outputs, H, W)``, H and W multiples of 4.
    """

    def __init__(self, inputs: int, outputs: int, *, width: int, kernel_size: int) -> None:
        super().__init__()

        def conv(wide: int, narrow: int, side: int = kernel_size) -> nn.Conv2d:
            return nn.Conv2d(wide, narrow, side, padding=side // 2)

        self.stem = conv(inputs, width, 3)
        self.full = conv(width, width)
        self.middle = conv(width, width)
        self.bottom = conv(width, width)
        self.join_middle = conv(2 * width, 2 * width)
        self.after_middle = conv(2 * width, 2 * width)
        self.join_top = conv(2 * width + inputs, JOINED)
        self.after_top = conv(JOINED, LAST)
        self.head = conv(LAST, outputs)

    def forward(self, grid: Tensor) -> Tensor:
        """Return the head's answer for every cell.

        Raises:
            ValueError: H or W is not a multiple of 4.
        """
        half, bottom = self._down(grid)
        up = torch.cat([F.interpolate(bottom, scale_factor=2), half], dim=1)
        up = _leaky(self.after_middle, _leaky(self.join_middle, up))  # (B, 2f, H/2, W/2)
        up = torch.cat([F.interpolate(up, scale_factor=2), grid], dim=1)
        up = _leaky(self.after_top, _leaky(self.join_top, up))
        answer: Tensor = self.head(up)
        return answer

    def features(self, grid: Tensor) -> Tensor:
        """Return what the narrowest layer gives, ``(B, f, H/4, W/4)``."""
        return self._down(grid)[1]

    def _down(self, grid: Tensor) -> tuple[Tensor, Tensor]:
        height, width = grid.shape[-2:]
        if height % 4 or width % 4:
            raise ValueError(f"H and W must be multiples of 4, not {height} x {width}")
        half = F.max_pool2d(_leaky(self.full, _leaky(self.stem, grid)), 2)
        quarter = F.max_pool2d(_leaky(self.middle, half), 2)
        return half, _leaky(self.bottom, quarter)


def _leaky(layer: nn.Conv2d, grid: Tensor) -> Tensor:
    return F.leaky_relu(layer(grid), SLOPE)
