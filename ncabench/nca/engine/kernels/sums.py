"""What the backward pass of a rollout keeps, and where it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ncabench.nca.engine.kernels.form import MOST_NUMBERS, Matrices

if TYPE_CHECKING:
    from ncabench.nca.engine.kernels.steps import Steps

SHARE = 0.8  # of the memory of a rollout's states that may be used for what is kept
FEWEST = 64  # rows of a product by the matrix units
MOST_TOGETHER = 8  # steps whose weights' gradients are taken at once
Layer = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Kept:
    """What is kept of rows of several steps, ``(rows, width)`` each, for weights' gradients.

    Where matrices are turned, a block of rows is ``(width, rows)``.

    Attributes:
        places: which of the steps' cells a row is, counted through.
        percepts: of each branch, where a layer is between them and the last one.
        thoughts: what the last layer takes.
        ends: gradients of what it gives.
        from_percepts: of each branch, gradients of its sums.
        from_thoughts: gradients of the sums of the layer between, where there is one.
    """

    places: Tensor
    percepts: tuple[Tensor, ...]
    thoughts: Tensor
    ends: Tensor
    from_percepts: tuple[Tensor, ...]
    from_thoughts: Tensor


@dataclass(frozen=True)
class Sums:
    """Where gradients are summed, and what steps hand on to that.

    Attributes:
        senses: for each branch ``(programs, N, taps * channels)``: each program that adds up
            has a slot of its own.
        told: for each branch ``(programs for a sample in all steps, B, N)``.
        middle: for each branch ``(programs, N + 1, hidden)``; the last row is of the bias.
        last: ``(programs, hidden + 1, channels)``, likewise.
        together: how many steps are taken together.
        kept: of the rows of these.
        seen: for each branch the rows' gradients of what they see; of one step.
        ones: as many as a tile of `learning.learn` takes.
        narrow: the states that are taken together, ``(steps, cells, C)``, of the operands'
            type, or None where that is theirs.
    """

    senses: tuple[Tensor, ...]
    told: tuple[Tensor, ...]
    middle: tuple[Tensor, ...]
    last: Tensor
    together: int
    kept: Kept
    seen: tuple[Tensor, ...]
    ones: Tensor
    narrow: Tensor | None

    def values(self, states: Tensor) -> Tensor:
        """Return states that are taken together as the kernels' percepts are of them."""
        return states if self.narrow is None else self.narrow[: len(states)].copy_(states)

    @classmethod
    def empty(cls, steps: Steps, states: Tensor) -> Sums:
        """Return sums of nothing, for a rollout of these ``states (T + 1, cells, C)``."""
        form, count, device = steps.form, steps.learners, states.device
        hidden, padded = form.hidden.padded, form.padded_channels
        most = steps.grid.batch * steps.filled  # rows of a step
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
        each = most * every * torch.empty((), dtype=steps.operands).element_size()
        room = int(SHARE * states.nbytes) // each
        countable = MOST_NUMBERS // (most * max(hidden, padded, *widths))
        together = max(1, min(room, countable, MOST_TOGETHER, len(states) - 1))

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=steps.wide, device=device)

        def rooms(width: int, turns: int = together) -> Tensor:
            return torch.empty(turns * most, width, dtype=steps.operands, device=device)

        seen = tuple(rooms(one.side**2 * padded, 1) for one in form.branches)
        thoughts, ends = rooms(hidden), rooms(padded)
        percepts = [thoughts] if form.folded else [rooms(width) for width in widths]
        from_percepts = [rooms(width) for width in widths]
        from_thoughts = from_percepts[0] if form.folded else rooms(hidden)
        return cls(
            senses=tuple(
                zeros(steps.seers, one.width.padded, one.side**2 * padded)
                for one in form.branches
            ),
            told=tuple(
                zeros(together * steps.tellers, steps.grid.batch, width) for width in widths
            ),
            middle=() if form.folded else tuple(zeros(count, n + 1, hidden) for n in widths),
            last=zeros(count, hidden + 1, padded),
            together=together,
            kept=Kept(
                torch.empty(together * most, dtype=torch.int32, device=device),
                tuple(percepts),
                thoughts,
                ends,
                tuple(from_percepts),
                from_thoughts,
            ),
            seen=seen,
            ones=torch.ones(FEWEST * steps.learning.rows, dtype=steps.operands, device=device),
            narrow=torch.empty_like(states[:together], dtype=steps.operands)
            if narrow
            else None,
        )

    def layers(self) -> Iterator[Layer]:
        """Yield each layer after the branches.

        What it takes, the gradients of what it gives, and where its own are summed.
        """
        kept = self.kept
        yield kept.thoughts, kept.ends, self.last
        for percepts, slots in zip(kept.percepts, self.middle, strict=False):
            yield percepts, kept.from_thoughts, slots

    def matrices(self, like: Matrices) -> Matrices:
        """Return the gradients of matrices."""
        told = [one.sum(0) for one in self.told]
        layers = [one.sum(0) for one in self.middle]
        last = self.last.sum(0)
        middle = (torch.cat([one[:-1] for one in layers]), layers[0][-1]) if layers else None
        return Matrices(
            tuple(one.sum(0).T for one in self.senses),
            tuple(one.sum_to_size(to.shape) for one, to in zip(told, like.told, strict=True)),
            middle,
            (last[:-1], last[-1]),
        )
