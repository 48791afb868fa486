"""What the backward pass of a rollout keeps, and where it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ncabench.nca.engine.kernels.form import MOST_NUMBERS, Form, Matrices, Width

if TYPE_CHECKING:
    from ncabench.nca.engine.kernels.steps import Steps

SHARE = 0.8  # of the memory of a rollout's states that may be used for what is kept
MOST_TOGETHER = 8  # steps whose weights' gradients are taken at once
Layer = tuple[Tensor, Tensor, Tensor]
Addition = tuple[Tensor, Width, Tensor]


@dataclass(frozen=True)
class Kept:
    """What is kept of rows of several steps, ``(rows, width)`` each, for weights' gradients.

    Or ``(width, rows)``, where matrices are turned.

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
        middle: for each branch ``(programs, N, hidden)``.
        last: ``(programs, hidden, channels)``.
        added: ``(programs for a sample, B, N)``, of what is added to each branch's sums, to
            those of the layer between where there is one, and to the change.
        together: how many steps are taken together.
        kept: of the rows of these.
        seen: for each branch the rows' gradients of what they see; of one step.
        stride: between columns of what is kept turned; None where it is not.
        narrow: the states that are taken together, ``(steps, cells, C)``, of the operands'
            type, or None where that is theirs.
    """

    senses: tuple[Tensor, ...]
    middle: tuple[Tensor, ...]
    last: Tensor
    added: tuple[Tensor, ...]
    together: int
    kept: Kept
    seen: tuple[Tensor, ...]
    stride: int | None
    narrow: Tensor | None

    def values(self, states: Tensor) -> Tensor:
        """Return states that are taken together as the kernels' percepts are of them."""
        return states if self.narrow is None else self.narrow[: len(states)].copy_(states)

    @classmethod
    def empty(cls, steps: Steps, states: Tensor) -> Sums:
        """Return sums of nothing, for a rollout of these ``states (T + 1, cells, C)``."""
        form, count, device = steps.form, steps.learners, states.device
        hidden, padded = form.hidden.padded, form.padded_channels
        cells = steps.grid.cells
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
        countable = MOST_NUMBERS // (cells * max(hidden, padded, *widths))
        together = max(1, min(room, countable, MOST_TOGETHER, len(states) - 1))

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=steps.wide, device=device)

        def rooms(width: int, turns: int = together) -> Tensor:
            return torch.empty(turns * cells, width, dtype=steps.operands, device=device)

        def kept(width: int) -> Tensor:
            return rooms(width).view(width, -1) if steps.turned else rooms(width)

        seen = tuple(rooms(one.side**2 * padded, 1) for one in form.branches)
        thoughts, ends = kept(hidden), kept(padded)
        percepts = [thoughts] if form.folded else [kept(width) for width in widths]
        from_percepts = [kept(width) for width in widths]
        from_thoughts = from_percepts[0] if form.folded else kept(hidden)
        return cls(
            senses=tuple(
                zeros(steps.seers, one.width.padded, one.side**2 * padded)
                for one in form.branches
            ),
            middle=() if form.folded else tuple(zeros(count, n, hidden) for n in widths),
            last=zeros(count, hidden, padded),
            added=tuple(
                zeros(steps.tellers, steps.grid.batch, width)
                for width in (*widths, *([] if form.folded else [hidden]), padded)
            ),
            together=together,
            kept=Kept(
                torch.empty(together * cells, dtype=torch.int32, device=device),
                tuple(percepts),
                thoughts,
                ends,
                tuple(from_percepts),
                from_thoughts,
            ),
            seen=seen,
            stride=together * cells if steps.turned else None,
            narrow=rooms(form.channels).view(together, cells, -1) if narrow else None,
        )

    def layers(self) -> Iterator[Layer]:
        """Yield each layer after the branches.

        What it takes, the gradients of what it gives, and where its own are summed.
        """
        kept = self.kept
        yield kept.thoughts, kept.ends, self.last
        for percepts, slots in zip(kept.percepts, self.middle, strict=False):
            yield percepts, kept.from_thoughts, slots

    def additions(self, form: Form) -> Iterator[Addition]:
        """Yield the gradients of each kind of sums, their width, and where they are summed."""
        kept, widths = self.kept, [one.width for one in form.branches]
        tables = [*kept.from_percepts]
        if self.middle:
            widths, tables = [*widths, form.hidden], [*tables, kept.from_thoughts]
        widths, tables = [*widths, Width(form.padded_channels)], [*tables, kept.ends]
        yield from zip(tables, widths, self.added, strict=True)

    def matrices(self, like: Matrices) -> Matrices:
        """Return the gradients of matrices."""
        *added, end = (one.sum(0) for one in self.added)
        told = added[: len(self.senses)]
        layers = [one.sum(0) for one in self.middle]
        return Matrices(
            tuple(one.sum(0).T for one in self.senses),
            tuple(one.sum_to_size(to.shape) for one, to in zip(told, like.told, strict=True)),
            (torch.cat(layers), added[-1].sum(0)) if layers else None,
            (self.last.sum(0), end.sum(0)),
        )
