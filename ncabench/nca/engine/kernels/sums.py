"""What the backward pass of a rollout keeps, and where it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ncabench.nca.engine.kernels.form import LEAST, Form, Matrices, Width

if TYPE_CHECKING:
    from ncabench.nca.engine.kernels.steps import Steps

SHARE = 0.8  # of the memory of a rollout's states that may be used for what is kept
MOST_TOGETHER = 8  # steps whose weights' gradients are taken at once
Layer = tuple[Tensor, Tensor, Width, Width, Tensor, Tensor | None]


@dataclass(frozen=True)
class Kept:
    """What is kept of one step's rows, ``(cells, width)`` each, for the weights' gradients.

    Attributes:
        percepts: of each branch, where a layer is between them and the last one.
        thoughts: what the last layer takes.
        ends: gradients of what it gives.
        from_percepts: of each branch, gradients of its sums.
        from_thoughts: gradients of the sums of the layer between, where there is one.
        seen: of each branch, gradients of what rows see; of the step at hand alone.
    """

    percepts: tuple[Tensor, ...]
    thoughts: Tensor
    ends: Tensor
    from_percepts: tuple[Tensor, ...]
    from_thoughts: Tensor
    seen: tuple[Tensor, ...]


@dataclass(frozen=True)
class Sums:
    """Where gradients are summed, and what steps hand on to that.

    Attributes:
        senses: for each branch ``(programs, taps * channels, N)``.
        told: for each branch ``(tiles, steps together, B, N)``.
        middle: ``(programs, inputs, hidden)``; bias: ``(programs, hidden)``.
        last: ``(programs, hidden, channels)``; last_bias: ``(programs, channels)``.
        kept: of each of the steps that are taken together.
        seen: for each branch the rows' gradients of what they see.
        narrow: the states that are taken together, ``(steps, cells, C)``, of the operands'
            type, or None where that is theirs.
        none: stands for what is not there.
    """

    senses: tuple[Tensor, ...]
    told: tuple[Tensor, ...]
    middle: Tensor
    bias: Tensor
    last: Tensor
    last_bias: Tensor
    kept: tuple[Kept, ...]
    seen: tuple[Tensor, ...]
    narrow: Tensor | None
    none: Tensor

    @property
    def together(self) -> int:
        """How many steps' weights' gradients are taken at once."""
        return len(self.kept)

    def values(self, states: Tensor) -> Tensor:
        """Return states that are taken together as the kernels' percepts are of them."""
        return states if self.narrow is None else self.narrow[: len(states)].copy_(states)

    @classmethod
    def empty(cls, steps: Steps, states: Tensor) -> Sums:
        """Return sums of nothing, for a rollout of these ``states (T + 1, cells, C)``."""
        form, count, batch, device = steps.form, steps.programs, steps.grid.batch, states.device
        hidden, padded = form.hidden.padded, form.padded_channels
        cells, tiles = batch * steps.cells, -(-steps.cells // steps.learning.rows)
        widths = [one.width.padded for one in form.branches]
        inputs = 0 if form.folded else sum(widths)
        narrow = steps.operands != steps.wide
        every = (
            form.channels * narrow
            + hidden
            + padded
            + sum(widths)
            + (0 if form.folded else hidden + inputs)
        )
        each = cells * every * torch.empty((), dtype=steps.operands).element_size()
        room = int(SHARE * states.nbytes) // each
        together = max(1, min(room, MOST_TOGETHER, len(states) - 1))

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=steps.wide, device=device)

        def rooms(width: int, turns: int = together) -> Tensor:
            return torch.empty(turns, cells, width, dtype=steps.operands, device=device)

        none = rooms(LEAST, 1)[0]
        seen = tuple(rooms(one.side**2 * padded, 1)[0] for one in form.branches)
        thoughts, ends = rooms(hidden), rooms(padded)
        percepts = [thoughts] if form.folded else [rooms(width) for width in widths]
        from_percepts = [rooms(width) for width in widths]
        from_thoughts = from_percepts[0] if form.folded else rooms(hidden)
        return cls(
            senses=tuple(
                zeros(count, one.side**2 * padded, one.width.padded) for one in form.branches
            ),
            told=tuple(zeros(tiles, together, batch, width) for width in widths),
            middle=zeros(count, inputs, hidden),
            bias=zeros(count, hidden),
            last=zeros(count, hidden, padded),
            last_bias=zeros(count, padded),
            kept=tuple(
                Kept(
                    tuple(one[turn] for one in percepts),
                    thoughts[turn],
                    ends[turn],
                    tuple(one[turn] for one in from_percepts),
                    from_thoughts[turn],
                    seen,
                )
                for turn in range(together)
            ),
            seen=seen,
            narrow=rooms(form.channels) if narrow else None,
            none=none,
        )

    def layers(self, form: Form) -> Iterator[Layer]:
        """Yield each layer after the branches.

        What it takes and the gradients of what it gives, from the first step that is kept on;
        their widths; where the gradients of its matrix and of its bias are summed.
        """
        first, ends = self.kept[0], Width(form.padded_channels)
        yield first.thoughts, first.ends, form.hidden, ends, self.last, self.last_bias
        if form.folded:
            return
        row = 0
        for place, branch in enumerate(form.branches):
            slots = self.middle[:, row : row + branch.width.padded]
            bias = self.bias if place == 0 else None
            values = first.percepts[place]
            yield values, first.from_thoughts, branch.width, form.hidden, slots, bias
            row += branch.width.padded

    def matrices(self, like: Matrices) -> Matrices:
        """Return the gradients of matrices."""
        middle = None if like.middle is None else (self.middle.sum(0), self.bias.sum(0))
        return Matrices(
            tuple(one.sum(0) for one in self.senses),
            tuple(
                one.sum((0, 1)).sum_to_size(to.shape)
                for one, to in zip(self.told, like.told, strict=True)
            ),
            middle,
            (self.last.sum(0), self.last_bias.sum(0)),
        )
