"""NAFNet, a network of image restoration without activation functions."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.glorot import glorot
from ncabench.nca.model import OnePass
from ncabench.nca.model._changing import told
from ncabench.nca.model._channel_norm import ChannelNorm, gated
from ncabench.nca.model._restored import check_images, filled
from ncabench.nca.state import Layout
from ncabench.nca.weights import Keyed

EPSILON = 1e-6


class NAFNet(OnePass):
    """A U-shaped network of gated blocks that answers with what is wrong with an image.

    3x3 to ``width`` channels; at each level blocks, then 2x2 with stride 2 to twice the
    channels; the middle blocks; at each level 1x1 to twice the channels whose cells become
    pixels, plus what the level was before it was halved, and blocks; 3x3 to the image, which
    the input is added to. A gate multiplies the first half of the channels by the second. A
    block of c channels has two parts, each normalised first and added with a factor for each
    channel, which starts at 0:

    - 1x1 to 2c, 3x3 within each channel, a gate, times 1x1 of each channel's mean, 1x1;
    - 1x1 to 2c, a gate, 1x1.

    Source: Chen et al., "Simple Baselines for Image Restoration" (NAFNet), ECCV 2022, section
    4 and figure 3c; LNCA compares with the blocks and the width of its SIDD model.

    Args:
        layout: what it reads (the frozen channels, or where nothing is frozen the visible
            ones, and the condition) and answers (the visible channels).
        width: channels at full resolution.
        encoder: blocks of each level on the way down, from the finest.
        middle: blocks at the coarsest resolution.
        decoder: blocks of each level on the way up, from the coarsest.
        init: of the kernels: ``"glorot"``, as LNCA's code in Keras, with biases of zero, or
            ``"pytorch"``, as PyTorch does.

    Shape:
        image ``(B, frozen or visible, H, W)``; condition ``(B, K)`` or ``(B, K, h, w)``;
        result ``(B, visible, H, W)``. Sides are filled up with zeros to multiples of 2 to the
        number of levels, 16 with four of them.

    Raises:
        ValueError: there are not as many levels down as up, or a number is too small; the
            image has other channels than the answer; or a condition is missing or not read.

    >>> with torch.device("meta"):
    ...     faces = Layout(height=32, width=32, frozen=3, visible=3)
    ...     [NAFNet(faces, width=width).parameter_count() for width in (64, 32)]
    [115982915, 29159715]
    """

    version = 1
    trainers = ("one_pass", "restoration")
    protocols = ("one_pass_recovery", "restoration")

    def __init__(
        self,
        layout: Layout,
        *,
        width: int = 64,
        encoder: tuple[int, ...] = (2, 2, 4, 8),
        middle: int = 12,
        decoder: tuple[int, ...] = (2, 2, 2, 2),
        init: Literal["glorot", "pytorch"] = "glorot",
    ) -> None:
        super().__init__()
        check_images(layout)
        if len(encoder) != len(decoder):
            raise ValueError(
                f"encoder and decoder must have as many levels, not {len(encoder)} "
                f"and {len(decoder)}"
            )
        if width < 1 or min(middle, *encoder, *decoder, 0) < 0:
            raise ValueError("width must be at least 1, and numbers of blocks at least 0")
        self.layout, self.init = layout, init
        read, depth = layout.frozen or layout.visible, len(encoder)
        widths = [width * 2**level for level in range(depth)]
        self.stem = nn.Conv2d(read + layout.condition, width, 3, padding=1)
        self.down = nn.ModuleList(
            _blocks(wide, count) for wide, count in zip(widths, encoder, strict=True)
        )
        self.shrink = nn.ModuleList(nn.Conv2d(wide, 2 * wide, 2, stride=2) for wide in widths)
        self.middle = _blocks(width * 2**depth, middle)
        self.grow = nn.ModuleList(
            nn.Conv2d(2 * wide, 4 * wide, 1, bias=False) for wide in widths[::-1]
        )
        self.up = nn.ModuleList(
            _blocks(wide, count) for wide, count in zip(widths[::-1], decoder, strict=True)
        )
        self.head = nn.Conv2d(width, layout.visible, 3, padding=1)

    def initialise(self, keyed: Keyed) -> None:
        """Draw the kernels as ``init`` says."""
        if self.init == "glorot":
            glorot(self, keyed)

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return what the image should become."""
        height, width = image.shape[-2:]
        shown = told(image, condition, planes=self.layout.condition)
        grid = self.stem(filled(shown, multiple=2 ** len(self.down)))
        levels = []
        for blocks, shrink in zip(self.down, self.shrink, strict=True):
            grid = blocks(grid)
            levels.append(grid)
            grid = shrink(grid)
        grid = self.middle(grid)
        for blocks, grow in zip(self.up, self.grow, strict=True):
            grid = blocks(F.pixel_shuffle(grow(grid), 2) + levels.pop())
        answer: Tensor = self.head(grid)[..., :height, :width]
        return image + answer


class _Block(nn.Module):
    """The block that `NAFNet` describes, ``(B, c, H, W)`` to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.before_mixing = ChannelNorm(channels, epsilon=EPSILON)
        self.widen = nn.Conv2d(channels, wide, 1)
        self.mix = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.weigh = nn.Conv2d(channels, channels, 1)
        self.narrow = nn.Conv2d(channels, channels, 1)
        self.mixing_factor = nn.Parameter(torch.zeros(channels, 1, 1))
        self.before_thought = ChannelNorm(channels, epsilon=EPSILON)
        self.expand = nn.Conv2d(channels, wide, 1)
        self.shrink = nn.Conv2d(channels, channels, 1)
        self.thought_factor = nn.Parameter(torch.zeros(channels, 1, 1))

    def initialise(self, keyed: Keyed) -> None:  # noqa: ARG002 -- nothing is drawn
        """Start as the identity."""
        nn.init.zeros_(self.mixing_factor)
        nn.init.zeros_(self.thought_factor)

    def forward(self, grid: Tensor) -> Tensor:
        mixed = gated(self.mix(self.widen(self.before_mixing(grid))))
        mixed = self.narrow(mixed * self.weigh(mixed.mean(dim=(2, 3), keepdim=True)))
        grid = grid + self.mixing_factor * mixed
        thought = self.shrink(gated(self.expand(self.before_thought(grid))))
        result: Tensor = grid + self.thought_factor * thought
        return result


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels) for _ in range(count)))
