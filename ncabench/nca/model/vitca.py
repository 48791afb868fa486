"""The Vision Transformer Cellular Automaton."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from ncabench.nca.model._changing import Changing
from ncabench.nca.model._encoder import Encoder
from ncabench.nca.model._patches import patchify, repeat, unpatchify
from ncabench.nca.model._position import Encoding, added, mapped, planes
from ncabench.nca.state import Layout
from ncabench.nca.weights import Keyed


class ViTCA(Changing):
    """An automaton whose cells attend to their neighbours, through one transformer encoder.

    A cell is a patch of the image. Its channels, in this order: the positional encoding of
    its pixels (where it is concatenated), their frozen channels, which are the input; their
    visible channels, which are the output; and the hidden channels, one value each for the
    cell. Every step embeds all of them, adds the positional encoding (where it is added),
    attends within the window, and adds the head's answer to output and hidden channels. The
    head starts at zero. Every cell lives, whatever the task's layout says of that.

    Source: Tesfaldet et al., "Attention-based Neural Cellular Automata" (ViTCA), section 3.1;
    where text and the authors' code disagree, the code: the MLP is 64 wide, scores are
    divided by the root of a head's width, and the border is zero and not masked.

    Args:
        layout: the task's: frozen channels are the input.
        patch_size: side of a cell in pixels.
        embedding: d, channels of an embedded cell.
        heads: number of independent attentions, each to ``embedding // heads`` channels.
        mlp: width of the hidden layer of a block's MLP.
        depth: number of blocks.
        kernel_size: side of the attention's window in cells, odd.
        encoding: of positions. Added to the embedded cells: ``"handcrafted"`` or
            ``"learned"``. Concatenated to the pixels: ``"xy"``, ``"sincos5"``, or both,
            ``"sincos5xy"``. Or ``"none"``.
        fire_rate: chance that a cell updates in a step; 1.0 updates all, synchronously.
        depth_bug: as published: while training, pass through the last block ``depth`` times
            and through no other, so that the others never learn.
        masked_heads: numbers of heads, from 0, that read nothing in tests (figure 7). It may
            be set on the ``encoder`` of a trained model as well.
        unfolded: copy keys and values once for each neighbour, as the authors' code does;
            the same numbers, for tables of costs.

    Shape:
        at patch size p `begin` maps ``(B, C, H, W)`` to
        ``(B, (planes + C - hidden) * p * p + hidden, H / p, W / p)``, `step` keeps that, and
        `end` maps it to ``(B, C, H, W)``, hidden channels repeated over each patch.

    Raises:
        ValueError: ``patch_size`` does not divide the grid's sides, ``kernel_size`` is even,
            another number is out of range; in `step`, a condition is missing or not read.

    >>> faces = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
    >>> ViTCA(faces).parameter_count(), ViTCA(faces, mlp=128).parameter_count()
    (92515, 108963)
    >>> [ViTCA(faces, patch_size=p).parameter_count() for p in (2, 4, 8, 16)]
    [95980, 109840, 165280, 387040]
    """

    version = 1
    trainers: ClassVar[tuple[str, ...]] = ("rollout", "denoising")
    protocols: ClassVar[tuple[str, ...]] = (
        "recovery",
        "quality",
        "denoising",
        "linear_probe",
        "resilience",
        "stability",
        "update_rates",
        "larger_grid",
        "unseen_masks",
        "extreme_masks",
        "hidden_states",
        "masked_heads",
        "attention_maps",
    )

    def __init__(
        self,
        layout: Layout,
        *,
        patch_size: int = 1,
        embedding: int = 128,
        heads: int = 4,
        mlp: int = 64,
        depth: int = 1,
        kernel_size: int = 3,
        encoding: Literal[
            "handcrafted", "learned", "none", "xy", "sincos5", "sincos5xy"
        ] = "handcrafted",
        fire_rate: float = 0.5,
        depth_bug: bool = False,
        masked_heads: tuple[int, ...] = (),
        unfolded: bool = False,
    ) -> None:
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, not {kernel_size}")
        own = self.grid(layout, patch_size=patch_size, encoding=encoding)
        super().__init__(own, fire_rate=fire_rate)
        self.pixels, self.patch_size = layout, patch_size
        self.encoding: Encoding = encoding
        self.encoder = Encoder(
            own.perceived,
            own.channels - own.frozen,
            grid=(own.height, own.width),
            width=embedding,
            heads=heads,
            mlp=mlp,
            depth=depth,
            reach=kernel_size // 2,
            places=added(encoding),
            depth_bug=depth_bug,
            masked_heads=masked_heads,
            unfolded=unfolded,
        )

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the layout of cells: as many pixels of the task's to a cell as a patch has."""
        size, extra = given.get("patch_size", 1), planes(given.get("encoding", "none"))
        if size < 1 or layout.height % size or layout.width % size:
            sides = f"{layout.height} x {layout.width}"
            raise ValueError(f"patch_size must divide H and W, {sides}, and {size} does not")
        return replace(
            layout,
            height=layout.height // size,
            width=layout.width // size,
            frozen=(extra + layout.frozen) * size * size,
            visible=layout.visible * size * size,
            alive=None,
        )

    def initialise(self, keyed: Keyed) -> None:  # noqa: ARG002 -- nothing is drawn
        """Start from a head of zeros, so that no cell changes."""
        nn.init.zeros_(self.encoder.head.weight)
        nn.init.zeros_(self.encoder.head.bias)

    def change(self, shown: Tensor) -> Tensor:
        """Return the encoder's answer."""
        answer: Tensor = self.encoder(shown)
        return answer

    def begin(self, seed: Tensor) -> Tensor:
        """Return cells of pixels; a cell's hidden channels are those of its first pixel."""
        size, shown = self.patch_size, self.pixels.visible_slice
        parts = [
            patchify(seed[:, : shown.start], size=size),
            patchify(seed[:, shown], size=size),
            seed[:, shown.stop :, ::size, ::size],
        ]
        if planes(self.encoding):
            batch, _, height, width = seed.shape
            where = mapped(self.encoding, height=height, width=width, like=seed)
            parts = [patchify(where.expand(batch, -1, -1, -1), size=size), *parts]
        return torch.cat(parts, dim=1)

    def end(self, state: Tensor) -> Tensor:
        """Return pixels of cells, without positions; hidden channels are repeated."""
        size, shown = self.patch_size, self.layout.visible_slice
        first = planes(self.encoding) * size * size
        parts = [
            unpatchify(state[:, first : shown.start], size=size),
            unpatchify(state[:, shown], size=size),
            repeat(state[:, shown.stop :], size=size),
        ]
        return torch.cat(parts, dim=1)
