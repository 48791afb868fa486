"""A transformer block over the neighbourhood."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.perception import Perception
from ncabench.nca.perception.attention import attend
from ncabench.nca.weights import Keyed


class Transformer(Perception):
    """Attention to the neighbours and a feed-forward layer, each added and normalised.

    In order: attention, projection and the input's own 1x1 convolution; LayerNorm over
    channels; the feed-forward layer (GELU, four times as wide) beside a skip connection;
    LayerNorm; a leaky ReLU.

    Source: NCAtorch, table 1, "Attention 3x3", 80k parameters: of the attentions in its code
    only this block, ``mh_attention``, has that many. Table 6 uses ``attention``.

    Args:
        channels: C, the channels of the state and of the condition.
        kernel_size: side of the neighbourhood in cells, odd.
        out_channels: number of percepts.
        embedding: channels of queries, keys and values, a multiple of ``heads``.
        heads: number of independent attentions.
        relative_bias: learn a score for each head and neighbour; later versions of the code
            have it. 79,876 parameters with it, 79,840 without, in table 1's automaton.
        input_residual: add a 1x1 convolution of the input to the attention.
        slope: of the last leaky ReLU, for negative values.

    Shape:
        input ``(B, C, H, W)``; output ``(B, out_channels, H, W)``.

    Raises:
        ValueError: ``kernel_size`` is even or not positive, or ``heads`` does not divide
            ``embedding``.

    >>> sum(weight.numel() for weight in Transformer(21).parameters())  # 79,840 - 7,776
    72064
    """

    version = 1

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        out_channels: int = 80,
        embedding: int = 128,
        heads: int = 4,
        relative_bias: bool = False,
        input_residual: bool = True,
        slope: float = 0.2,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, not {kernel_size}")
        if heads < 1 or embedding % heads:
            raise ValueError(f"heads must divide embedding {embedding}, not be {heads}")
        self.out_channels = out_channels
        self.heads = heads
        self.slope = slope
        self.reach = kernel_size // 2
        self.query = nn.Conv2d(channels, embedding, 1, bias=False)
        self.key = nn.Conv2d(channels, embedding, 1, bias=False)
        self.value = nn.Conv2d(channels, embedding, 1, bias=False)
        self.projection = nn.Conv2d(embedding, out_channels, 1)
        self.skip = nn.Conv2d(channels, out_channels, 1) if input_residual else None
        self.after_attention = nn.LayerNorm(out_channels)
        self.widen = nn.Linear(out_channels, 4 * out_channels)
        self.narrow = nn.Linear(4 * out_channels, out_channels)
        self.after_feed_forward = nn.LayerNorm(out_channels)
        bias = nn.Parameter(torch.zeros(heads, kernel_size**2))
        self.bias = bias if relative_bias else None

    def initialise(self, _keyed: Keyed) -> None:
        """Start without a preference for any neighbour."""
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, state: Tensor) -> Tensor:
        """Return the block's output for every cell."""
        read = attend(
            self.query(state),
            self.key(state),
            self.value(state),
            heads=self.heads,
            reach=self.reach,
            bias=self.bias,
        )
        sensed = self.projection(read)
        if self.skip is not None:
            sensed = sensed + self.skip(state)
        cells = self.after_attention(sensed.movedim(1, -1))  # (B, H, W, out_channels)
        thought = self.narrow(F.gelu(self.widen(cells)))
        cells = self.after_feed_forward(cells + thought)
        return F.leaky_relu(cells.movedim(-1, 1), self.slope)
