"""Attention of a cell to its neighbours, and the function that computes it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.perception import Perception
from ncabench.nca.weights import Keyed


def attend(
    query: Tensor, key: Tensor, value: Tensor, *, heads: int, reach: int, bias: Tensor | None
) -> Tensor:
    """Return what each cell reads from the cells within ``reach`` of it, on a torus.

    Neighbours are taken row by row, from the upper left to the lower right, the cell itself
    in the middle. They are views of one padded grid and never copied, so memory does not
    grow with their number.

    Args:
        query: what a cell looks for; a multiple of ``heads`` channels.
        key: what a cell can be found by.
        value: what a cell gives.
        heads: number of independent attentions, each to an equal share of the channels.
        reach: cells seen in each direction along each axis.
        bias: added to the scores, for each head and neighbour, or None.

    Shape:
        query, key, value and result ``(B, E, H, W)``; bias ``(heads, (2 reach + 1)**2)``.

    >>> grey = torch.zeros(1, 1, 3, 3)  # equal keys: each cell reads the mean of all nine
    >>> attend(grey, grey, torch.eye(3)[None, None], heads=1, reach=1, bias=None)[0, 0, 0, 0]
    tensor(0.3333)
    """
    batch, channels, height, width = query.shape
    query, key, value = (
        grid.reshape(batch, heads, channels // heads, *grid.shape[-2:])
        for grid in (query * math.sqrt(heads / channels), *_padded(key, value, reach=reach))
    )
    near = [
        (slice(y, y + height), slice(x, x + width))
        for y in range(2 * reach + 1)
        for x in range(2 * reach + 1)
    ]
    scores = torch.stack([(query * key[..., y, x]).sum(dim=2) for y, x in near], dim=2)
    if bias is not None:
        scores = scores + bias[:, :, None, None]
    shares = scores.softmax(dim=2)  # (B, heads, neighbours, H, W)
    read = shares[:, :, :1] * value[..., near[0][0], near[0][1]]
    for index, (y, x) in enumerate(near[1:], start=1):
        read = read + shares[:, :, index : index + 1] * value[..., y, x]
    return read.flatten(1, 2)


def _padded(key: Tensor, value: Tensor, *, reach: int) -> tuple[Tensor, Tensor]:
    sides = [reach] * 4
    return F.pad(key, sides, mode="circular"), F.pad(value, sides, mode="circular")


class Attention(Perception):
    """Multi-head attention of each cell to its neighbours, then a leaky ReLU.

    Source: NCAtorch, table 6, "NCA (Attention)", 18,132 parameters with the relative bias;
    the layers are those of its code. Its table 1 uses another block under the same name,
    ``transformer``.

    Args:
        channels: C, the channels of the state and of the condition.
        kernel_size: side of the neighbourhood in cells, odd.
        out_channels: number of percepts, a multiple of ``heads``.
        heads: number of independent attentions.
        relative_bias: learn a score for each head and neighbour; the code has it since the
            version that table 6 was run with, and had none before.
        slope: of the leaky ReLU, for negative values.

    Shape:
        input ``(B, C, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``kernel_size`` is even or not positive, or ``heads`` does not divide
            ``out_channels``.

    >>> perception = Attention(16)  # 16 * 240, (80 + 1) * 80, and 4 * 9
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
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, not {kernel_size}")
        if heads < 1 or out_channels % heads:
            raise ValueError(f"heads must divide out_channels {out_channels}, not be {heads}")
        self.out_channels = out_channels
        self.heads = heads
        self.slope = slope
        self.reach = kernel_size // 2
        self.qkv = nn.Conv2d(channels, 3 * out_channels, 1, bias=False)
        self.projection = nn.Conv2d(out_channels, out_channels, 1)
        bias = nn.Parameter(torch.zeros(heads, kernel_size**2))
        self.bias = bias if relative_bias else None

    def initialise(self, keyed: Keyed) -> None:
        """Start small: Xavier-uniform, gains 0.1 and 0.01, and no bias."""
        for conv, gain in ((self.qkv, 0.1), (self.projection, 0.01)):
            ends = conv.in_channels + conv.out_channels
            keyed.uniform_(conv.weight, bound=gain * math.sqrt(6 / ends))
        if self.projection.bias is not None:
            nn.init.zeros_(self.projection.bias)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, state: Tensor) -> Tensor:
        """Return what every cell reads from its neighbours."""
        query, key, value = self.qkv(state).chunk(3, dim=1)
        read = attend(query, key, value, heads=self.heads, reach=self.reach, bias=self.bias)
        return F.leaky_relu(self.projection(read), self.slope)
