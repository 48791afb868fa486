"""LNCA's adjusted convolutions, which halve or double a grid as TensorFlow does."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON, MOMENTUM = 1e-3, 0.01  # Keras's batch norm; its momentum 0.99 is what stays


class Adjusted(nn.Module):
    """A 3x3 convolution, a batch norm and a SiLU.

    At stride 2 the zeros of the border stand to the right of and below an even grid alone.

    Source: LNCA, "Architecture", "Autoencoder"; border and batch norm are the defaults of
    TensorFlow, which its code uses.

    Args:
        narrow: channels that it takes.
        wide: channels that it gives.
        stride: 1, or 2 to halve the sides.

    Shape:
        ``(B, narrow, H, W)`` to ``(B, wide, H / stride, W / stride)``.
    """

    def __init__(self, narrow: int, wide: int, *, stride: int) -> None:
        super().__init__()
        self.halves = stride == 2
        self.conv = nn.Conv2d(narrow, wide, 3, stride=stride, padding=0 if self.halves else 1)
        self.norm = nn.BatchNorm2d(wide, eps=EPSILON, momentum=MOMENTUM)

    def forward(self, grid: Tensor) -> Tensor:
        """Return the convolved grid."""
        padded = F.pad(grid, [0, 1, 0, 1]) if self.halves else grid
        return F.silu(self.norm(self.conv(padded)))


class Doubled(nn.Module):
    """A transposed 3x3 convolution of stride 2, a batch norm, and a SiLU or a sigmoid.

    It is the transpose of what halves a grid: cell (i, j) reaches pixels 2i to 2i + 2 and
    2j to 2j + 2, and what falls beyond the doubled sides is cut off.

    Source: as `Adjusted`.

    Args:
        wide: channels that it takes.
        narrow: channels that it gives.
        last: end in a sigmoid.

    Shape:
        ``(B, wide, H, W)`` to ``(B, narrow, 2H, 2W)``.
    """

    def __init__(self, wide: int, narrow: int, *, last: bool = False) -> None:
        super().__init__()
        self.last = last
        self.conv = nn.ConvTranspose2d(wide, narrow, 3, stride=2)
        self.norm = nn.BatchNorm2d(narrow, eps=EPSILON, momentum=MOMENTUM)

    def forward(self, grid: Tensor) -> Tensor:
        """Return the grid of twice the sides."""
        normed = self.norm(self.conv(grid)[..., :-1, :-1])
        return torch.sigmoid(normed) if self.last else F.silu(normed)
