"""The transformer encoder of a grid of cells, which ViT and ViTCA share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.model._position import Order, ordinal
from ncabench.nca.model._self_attention import SelfAttention
from ncabench.nca.weights import Keyed


class Block(nn.Module):
    """Self-attention and an MLP, each of normalised cells and each added to the cells.

    Source: ViTCA, section 3.1 and figure 2: a pre-norm block; the GELU is exact.

    Args:
        width: d, channels of a cell.
        heads: number of independent attentions.
        mlp: width of the MLP's hidden layer.
        reach: cells seen in each direction along each axis; None sees the whole grid.
        unfolded: as in `SelfAttention`.
        epsilon: added to the variance in both normalisations.

    Shape:
        ``(B, H, W, d)`` to ``(B, H, W, d)``.
    """

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        mlp: int,
        reach: int | None,
        unfolded: bool,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width, eps=epsilon)
        self.attention = SelfAttention(width, heads=heads, reach=reach, unfolded=unfolded)
        self.before_mlp = nn.LayerNorm(width, eps=epsilon)
        self.widen = nn.Linear(width, mlp)
        self.narrow = nn.Linear(mlp, width)

    def forward(self, cells: Tensor, masked: Collection[int] = ()) -> Tensor:
        """Return the cells after the block; the heads numbered in ``masked`` read nothing."""
        cells = cells + self.attention(self.before_attention(cells), masked)
        thought: Tensor = self.narrow(F.gelu(self.widen(self.before_mlp(cells))))
        return cells + thought


class Encoder(nn.Module):
    """Embeds cells, tells them where they are, and passes them through blocks to a head.

    The head is a LayerNorm and a linear layer.

    Source: ViTCA, section 3.1 and figure 2.

    Args:
        inputs: channels of the grid.
        outputs: channels of the result.
        grid: H and W. Another size may be given later, unless places are learned.
        width: d, channels of an embedded cell.
        heads: number of independent attentions, at most d.
        mlp: width of the hidden layer of a block's MLP.
        depth: number of blocks.
        reach: cells seen in each direction along each axis; None sees the whole grid.
        places: what is added to the embedded cells: sines and cosines, weights, or nothing.
        depth_bug: while training, pass through the last block ``depth`` times and through no
            other, as the authors' code does; otherwise, through all in their order.
        masked_heads: numbers of heads that read nothing while not training.
        unfolded: as in `SelfAttention`.
        order: of the sines and cosines, as in `ordinal`.
        epsilon: added to the variance in every normalisation.

    Raises:
        ValueError: a number is out of range; in use, places were learned for another grid.

    Shape:
        ``(B, inputs, H, W)`` to ``(B, outputs, H, W)``.
    """

    places: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        grid: tuple[int, int],
        width: int,
        heads: int,
        mlp: int,
        depth: int,
        reach: int | None,
        places: Literal["handcrafted", "learned", "none"] = "handcrafted",
        depth_bug: bool = False,
        masked_heads: Collection[int] = (),
        unfolded: bool = False,
        order: Order = "interleaved",
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        _check(width=width, heads=heads, mlp=mlp, depth=depth, masked=masked_heads)
        self.depth_bug = depth_bug
        self.masked_heads = tuple(masked_heads)
        self.embed = nn.Linear(inputs, width)
        self.learned, self.order = places == "learned", order
        cells = grid[0] * grid[1]
        if self.learned:
            self.places = nn.Parameter(torch.zeros(cells, width))
        else:
            waves = places == "handcrafted"
            made = ordinal(cells=cells, width=width, order=order) if waves else None
            self.register_buffer("places", made, persistent=False)
        self.blocks = nn.ModuleList(
            Block(
                width,
                heads=heads,
                mlp=mlp,
                reach=reach,
                unfolded=unfolded,
                epsilon=epsilon,
            )
            for _ in range(depth)
        )
        self.before_head = nn.LayerNorm(width, eps=epsilon)
        self.head = nn.Linear(width, outputs)

    def initialise(self, keyed: Keyed) -> None:
        """Draw learned places from N(0, 1)."""
        if self.learned and self.places is not None:
            keyed.normal_(self.places, sd=1.0)

    def forward(self, grid: Tensor) -> Tensor:
        """Return the head's answer for every cell."""
        cells = self.embedded(grid)
        masked = () if self.training else self.masked_heads
        for block in self._path():
            cells = block(cells, masked)
        answer: Tensor = self.head(self.before_head(cells))
        return answer.movedim(-1, 1).contiguous()

    def embedded(self, grid: Tensor) -> Tensor:
        """Return the embedded cells with their places, ``(B, H, W, d)``."""
        cells: Tensor = self.embed(grid.movedim(1, -1))
        return cells if self.places is None else cells + self.places_of(cells)

    def features(self, grid: Tensor) -> Tensor:
        """Return what the first block's attention is shown, ``(B, d, H, W)``."""
        first = self.blocks[0]
        assert isinstance(first, Block)
        shown: Tensor = first.before_attention(self.embedded(grid))
        return shown.movedim(-1, 1)

    def shares(self, grid: Tensor) -> list[Tensor]:
        """Return how cells divide their attention, block by block.

        Raises:
            ValueError: the attention is global.

        Shape:
            ``(B, inputs, H, W)`` to ``(B, H, W, heads, neighbours)`` each.
        """
        cells, found = self.embedded(grid), list[Tensor]()
        for block in self._path():
            assert isinstance(block, Block)
            found.append(block.attention.shares(block.before_attention(cells)))
            cells = block(cells, () if self.training else self.masked_heads)
        return found

    def places_of(self, cells: Tensor) -> Tensor:
        """Return what is added to embedded cells ``(B, H, W, d)`` for where they are."""
        assert self.places is not None
        _, height, width, channels = cells.shape
        places, count = self.places, height * width
        if len(places) != count:
            if self.learned:
                raise ValueError(
                    f"places were learned for {len(places)} cells, and the grid has {count}"
                )
            made = ordinal(cells=count, width=channels, order=self.order, device=cells.device)
            places = made.to(places.dtype)
        return places.view(height, width, channels)

    def _path(self) -> list[nn.Module]:
        blocks = list(self.blocks)
        return blocks[-1:] * len(blocks) if self.depth_bug and self.training else blocks


def _check(*, width: int, heads: int, mlp: int, depth: int, masked: Collection[int]) -> None:
    for name, value in (("embedding", width), ("mlp", mlp), ("depth", depth)):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more, not {value}")
    if not 1 <= heads <= width:
        raise ValueError(f"heads must be from 1 to embedding {width}, not {heads}")
    wrong = [number for number in masked if not 0 <= number < heads]
    if wrong:
        raise ValueError(f"masked_heads must be from 0 to {heads - 1}, not {wrong[0]}")
