"""Restormer, a transformer of image restoration whose channels attend to each other."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.glorot import glorot
from ncabench.nca.model import OnePass
from ncabench.nca.model._changing import told
from ncabench.nca.model._restored import check_images, filled
from ncabench.nca.model._transposed import Block
from ncabench.nca.state import Layout
from ncabench.nca.weights import Keyed

LEVELS = 4


class Restormer(OnePass):
    """A U-shaped transformer of four levels that answers with what is wrong with an image.

    3x3 to ``width`` channels; at each level blocks, and between levels 3x3 to half the
    channels whose 2x2 pixels become one cell, so twice the channels. On the way up 3x3 to
    twice the channels whose cells become 2x2 pixels, joined with what the level was on the way
    down, 1x1 to the level's channels except at the finest, which goes on with twice as many,
    and blocks; at the finest, refining blocks and 3x3 to the image, which the input is added
    to. No convolution has a bias.

    Source: Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image
    Restoration", CVPR 2022, section 3 and figure 2; widths and counts of blocks are those of
    its section 4. With ``normalised_qk`` off and a ``temperature`` for each block, LNCA's
    code of it.

    Args:
        layout: what it reads (the frozen channels, or where nothing is frozen the visible
            ones, and the condition) and answers (the visible channels).
        width: channels at the finest level.
        depths: blocks of each level, from the finest.
        refinement: blocks at the end.
        heads: independent attentions at the finest level, doubled at each other.
        expansion: width of the feed-forward part, in channels of the block.
        normalised_qk: whether queries and keys are divided by their norms.
        temperature: what scores are multiplied with: one weight for each ``"head"``, or one
            for each ``"block"``.
        epsilon: added to the variance in every normalisation; 1e-3 in LNCA's code.
        init: of the kernels: ``"pytorch"``, as PyTorch does, or ``"glorot"``, as LNCA's code
            in Keras.

    Shape:
        image ``(B, frozen or visible, H, W)``; condition ``(B, K)`` or ``(B, K, h, w)``;
        result ``(B, visible, H, W)``. Sides are filled up with zeros to multiples of 8.

    Raises:
        ValueError: ``depths`` are not four, ``heads`` do not divide ``width``, which is even,
            or a number is too small; the image has other channels than the answer; or a
            condition is missing or not read.

    >>> with torch.device("meta"):
    ...     faces = Layout(height=32, width=32, frozen=3, visible=3)
    ...     ported = Restormer(faces, normalised_qk=False, temperature="block")
    ...     Restormer(faces).parameter_count(), ported.parameter_count()
    (26126644, 26126540)
    """

    version = 1
    trainers = ("one_pass", "restoration")
    protocols = ("one_pass_recovery", "restoration")

    def __init__(
        self,
        layout: Layout,
        *,
        width: int = 48,
        depths: tuple[int, ...] = (4, 6, 6, 8),
        refinement: int = 4,
        heads: int = 1,
        expansion: float = 2.66,
        normalised_qk: bool = True,
        temperature: Literal["head", "block"] = "head",
        epsilon: float = 1e-5,
        init: Literal["glorot", "pytorch"] = "pytorch",
    ) -> None:
        super().__init__()
        check_images(layout)
        if len(depths) != LEVELS:
            raise ValueError(f"depths must be {LEVELS} numbers of blocks, not {depths}")
        if min(refinement, *depths) < 0:
            raise ValueError("numbers of blocks must be at least 0")
        if heads < 1 or width < 2 or width % heads or width % 2:
            raise ValueError(
                f"width must be even and a multiple of heads, not {width} of {heads}"
            )
        if int(width * expansion) < 1:
            raise ValueError(f"expansion must leave a channel, and {expansion} does not")
        self.layout, self.init = layout, init

        def level(number: int, count: int, *, wide: int = 1) -> nn.Sequential:
            made = (
                Block(
                    wide * width * 2**number,
                    heads=heads * 2**number,
                    expansion=expansion,
                    normalised_qk=normalised_qk,
                    temperature=temperature,
                    epsilon=epsilon,
                )
                for _ in range(count)
            )
            return nn.Sequential(*made)

        read, coarser = layout.frozen or layout.visible, range(LEVELS - 1)
        widths = [width * 2**number for number in range(LEVELS)]
        self.stem = _conv(read + layout.condition, width, 3)
        self.down = nn.ModuleList(level(number, depths[number]) for number in range(LEVELS))
        self.shrink = nn.ModuleList(_conv(widths[n], widths[n] // 2, 3) for n in coarser)
        self.grow = nn.ModuleList(_conv(widths[n + 1], 2 * widths[n + 1], 3) for n in coarser)
        self.join = nn.ModuleList(
            _conv(2 * widths[n], widths[n], 1) if n else nn.Identity() for n in coarser
        )
        self.up = nn.ModuleList(level(n, depths[n], wide=1 if n else 2) for n in coarser)
        self.refine = level(0, refinement, wide=2)
        self.head = _conv(2 * width, layout.visible, 3)

    def initialise(self, keyed: Keyed) -> None:
        """Draw the kernels as ``init`` says."""
        if self.init == "glorot":
            glorot(self, keyed)

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return what the image should become."""
        height, width = image.shape[-2:]
        shown = told(image, condition, planes=self.layout.condition)
        grid = self.down[0](self.stem(filled(shown, multiple=2 ** (LEVELS - 1))))
        finer = []
        for shrink, level in zip(self.shrink, self.down[1:], strict=True):
            finer.append(grid)
            grid = level(F.pixel_unshuffle(shrink(grid), 2))
        way_up = list(zip(self.grow, self.join, self.up, strict=True))[::-1]
        for grow, join, level in way_up:
            grown = F.pixel_shuffle(grow(grid), 2)
            grid = level(join(torch.cat([grown, finer.pop()], dim=1)))
        answer: Tensor = self.head(self.refine(grid))[..., :height, :width]
        return image + answer


def _conv(narrow: int, wide: int, side: int) -> nn.Conv2d:
    return nn.Conv2d(narrow, wide, side, padding=side // 2, bias=False)
