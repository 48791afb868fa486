"""A rollout's steps by the kernels, forward and backward; the states are all that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import torch
from torch import Tensor

from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.kernels.arguments import geometry, layers, parts, signed, tables
from ncabench.nca.engine.kernels.form import Form, Matrices
from ncabench.nca.engine.kernels.sums import Sums
from ncabench.nca.engine.kernels.tiling import Tiling
from ncabench.nca.fires import Fires

CHUNK = 1024  # cells that are listed at a time
BLOCK = 64  # rows of a block of what is kept: `pieces.BLOCK`
SETTLED = 128  # cells of a tile of the kernels that touch every cell
SEEN = 256  # bytes of a row of a tile that is multiplied, at most
BACK = "sense_1", "sense_2", "middle"  # matrices that gradients go back through
TELLING = 4  # programs for each multiprocessor that add up what samples are told in a step


class Kernels(Protocol):
    """The kernels, compiled or interpreted; each is launched as ``kernel[grid](...)``."""

    list_masked: Any
    list_drawn: Any
    think: Any
    settle: Any
    unsettle: Any
    gather: Any
    rethink: Any
    unthink: Any
    learn: Any
    learn_to_see: Any
    tell: Any
    types: Any


@dataclass(frozen=True)
class Listed:
    """Which cells fire, in T steps of B samples.

    Attributes:
        rows: ``(T, B, cells)`` int32, the cells that fire, in their order; then nothing.
        place: ``(T, B, cells)`` int32, where a cell stands among them, or -1.
        counts: ``(T, B)`` int32, how many fire.
    """

    rows: Tensor
    place: Tensor
    counts: Tensor


class Steps:
    """The steps of one automaton on one batch of grids.

    Args:
        kernels: what computes them.
        form: the automaton.
        grid: sizes of the batch.
        operands: the type that weights are multiplied in.
        precision: of products of float32 operands: ``"tf32"`` or ``"ieee"``.
        thinking: how the work of a step is cut.
        rethinking: how that of doing so again is.
        unthinking: how that of its rows' gradients is.
        gathering: how that of the cells' gradients is.
        learning: how that of the gradients of layers' weights is.
        seeing: how that of the gradients of convolutions' weights is.
        multiprocessors: of the device.
    """

    def __init__(
        self,
        kernels: Kernels,
        form: Form,
        grid: Grid,
        *,
        operands: torch.dtype,
        precision: str,
        thinking: Tiling,
        rethinking: Tiling,
        unthinking: Tiling,
        gathering: Tiling,
        learning: Tiling,
        seeing: Tiling,
        multiprocessors: int,
    ) -> None:
        self.kernels, self.form, self.grid = kernels, form, grid
        self.thinking, self.rethinking = thinking, rethinking
        self.unthinking, self.gathering = unthinking, gathering
        self.learning, self.seeing = learning, seeing
        self.learners = multiprocessors * learning.programs
        self.seers = multiprocessors * seeing.programs
        self.tellers = max(1, TELLING * multiprocessors // grid.batch)
        self.operands = operands
        self.wide = torch.float64 if operands == torch.float64 else torch.float32
        self.turned = operands == self.wide  # TF32's products take rows of columns alone
        self.cells = grid.height * grid.width
        self.filled = BLOCK * -(-self.cells // BLOCK)  # rows of a sample that are kept, at most
        layout, padded = form.model.layout, form.padded_channels
        self.words = max(1, padded // 32)
        self.sizes = {"cells": self.cells, "height": grid.height, "width": grid.width}
        self.channels = {"C": form.channels, "CP": padded}
        fitting = max(1, SEEN // operands.itemsize // padded)
        self.taps = min(thinking.taps, fitting)
        self.seen_taps = min(seeing.taps, fitting)
        self.living = {
            "ALIVE": -1 if layout.alive is None else layout.alive,
            "FROZEN": layout.frozen,
            "CLAMP": form.model.clamp,
        }
        self.types = {
            "NARROW": kernels.types[operands],
            "WIDE": kernels.types[self.wide],
            "PRECISION": precision,
        }
        self.products = {"TAPS": self.taps, **self.channels, **self.types}
        self.layers = layers(form)
        self.geometry = geometry(form.branches)
        self.sides = {name: side for name, side in self.geometry.items() if "SIDE" in name}

    def listed(self, masks: Tensor) -> Listed:
        """Return which cells fire by ``masks (T, B, 1, H, W)`` bool."""
        fires = masks.flatten(2).contiguous().view(torch.uint8)
        steps, batch, cells = fires.shape
        made = self._lists(steps, fires.device)
        self.kernels.list_masked[(steps * batch,)](
            fires, made.rows, made.place, made.counts, cells, CHUNK=CHUNK
        )
        return made

    def drawn(self, fires: Fires) -> Listed:
        """Return which cells fire, drawn in the kernel, bit for bit as masks are."""
        made = self._lists(len(fires), fires.samples.device)
        one, other = (signed(word) for word in fires.key)
        self.kernels.list_drawn[(len(fires) * self.grid.batch,)](
            fires.samples,
            fires.steps.start,
            one,
            other,
            fires.below,
            made.rows,
            made.place,
            made.counts,
            self.grid.batch,
            self.cells,
            BLOCKS=CHUNK // 4,
        )
        return made

    def _lists(self, steps: int, device: torch.device) -> Listed:
        shape = (steps, self.grid.batch, self.cells)
        whole: dict[str, Any] = {"dtype": torch.int32, "device": device}
        return Listed(
            rows=torch.empty(shape, **whole),
            place=torch.empty(shape, **whole),
            counts=torch.empty(shape[:2], **whole),
        )

    def forward(
        self, states: Sequence[Tensor], passes: Tensor | None, listed: Listed, cast: Matrices
    ) -> None:
        """Step from each of ``states`` to the next, ``(cells, C)`` each.

        Args:
            states: T + 1 of them, the first one given; may be two tensors in turns.
            passes: ``(T, cells, words)`` int32 to keep what a gradient passes, or None.
            listed: which cells fire.
            cast: matrices of the operands' type.
        """
        change = torch.empty_like(states[0])
        narrow = None if self.operands == self.wide else states[0].to(self.operands)
        tiles = self.thinking.tiles(self.cells), self.grid.batch
        matrices = cast.turned() if self.turned else cast
        for turn in range(len(states) - 1):
            rows, place, counts = listed.rows[turn], listed.place[turn], listed.counts[turn]
            self.kernels.think[tiles](
                states[turn] if narrow is None else narrow,
                rows,
                counts,
                change,
                step_size=self.form.model.step_size,
                **self.sizes,
                **tables(matrices),
                last=matrices.last[0],
                last_bias=matrices.last[1],
                **self.layers,
                **self.geometry,
                **self.products,
                TURNED=self.turned,
                **self.thinking.launch,
            )
            self.kernels.settle[self._everywhere()](
                states[turn],
                place,
                change,
                states[turn + 1],
                change if narrow is None else narrow,
                change if passes is None else passes[turn],
                **self.sizes,
                **self.living,
                KEEP=passes is not None,
                NARROWED=narrow is not None,
                **self.channels,
                CELLS=SETTLED,
            )

    def backward(
        self,
        gradient: Tensor,
        states: Tensor,
        passes: Tensor,
        listed: Listed,
        cast: Matrices,
    ) -> Sums:
        """Turn the gradient of the last state into that of the first, in place.

        Args:
            gradient: ``(cells, C)``.
            states: ``(T + 1, cells, C)``.
            passes: as `forward` kept them.
            listed: which cells fire.
            cast: matrices of the operands' type.

        Returns the sums of the weights' gradients, in slots.
        """
        sums = Sums.empty(self, states)
        matrices = tables(cast.turned() if self.turned else cast)
        back = {name: one for name, one in tables(cast).items() if name in BACK}
        back["last"] = cast.last[0]
        everywhere = self._everywhere()
        turns = len(states) - 1
        blocks = (listed.counts.flatten() + BLOCK - 1) // BLOCK
        ends = blocks.cumsum(0, dtype=torch.int32)
        starts = (ends - blocks).view_as(listed.counts)
        ends = ends.view_as(listed.counts)
        self.kernels.unsettle[everywhere](
            gradient, passes[turns - 1], self.cells, **self.channels, CELLS=SETTLED
        )
        for high in range(turns, 0, -sums.together):
            low = max(0, high - sums.together)
            values = sums.values(states[low:high])
            self._rethink(values, listed, range(low, high), starts, matrices, sums)
            for turn in range(high - 1, low - 1, -1):
                self._descend(gradient, listed, turn, low, starts, back, sums)
                self.kernels.gather[(self.gathering.tiles(self.cells), self.grid.batch)](
                    gradient,
                    listed.place[turn],
                    starts[turn],
                    sums.seen[0],
                    sums.seen[-1],
                    passes[max(turn - 1, 0)],
                    **self.sizes,
                    **self.geometry,
                    OPEN=turn > 0,
                    **self.channels,
                    **self.gathering.launch,
                )
            self._learn(values, starts[low], ends[high - 1, -1:], sums)
            self._tell(starts[low:high], listed.counts[low:high], sums)
        return sums

    def _rethink(
        self,
        values: Tensor,
        listed: Listed,
        turns: range,
        starts: Tensor,
        matrices: dict[str, Tensor],
        sums: Sums,
    ) -> None:
        """Keep what the rows of the steps of ``values`` sensed and thought."""
        kept, some = sums.kept, slice(turns.start, turns.stop)
        tiles = self.rethinking.tiles(self.filled)
        self.kernels.rethink[(tiles, self.grid.batch, len(turns))](
            values,
            listed.rows[some],
            listed.counts[some],
            starts[some],
            **self.sizes,
            **matrices,
            places=kept.places,
            percepts_1=kept.percepts[0],
            percepts_2=kept.percepts[-1],
            thoughts=kept.thoughts,
            **self.layers,
            **self.geometry,
            **self.products,
            TURNED=self.turned,
            **self.rethinking.launch,
        )

    def _descend(
        self,
        gradient: Tensor,
        listed: Listed,
        turn: int,
        low: int,
        starts: Tensor,
        matrices: dict[str, Tensor],
        sums: Sums,
    ) -> None:
        kept = sums.kept
        self.kernels.unthink[(self.unthinking.tiles(self.filled), self.grid.batch)](
            listed.rows[turn],
            listed.counts[turn],
            starts[turn],
            starts[low],
            gradient,
            self.cells,
            step_size=self.form.model.step_size,
            **matrices,
            percepts_1=kept.percepts[0],
            percepts_2=kept.percepts[-1],
            thoughts=kept.thoughts,
            ends=kept.ends,
            from_percepts_1=kept.from_percepts[0],
            from_percepts_2=kept.from_percepts[-1],
            from_thoughts=kept.from_thoughts,
            seen_1=sums.seen[0],
            seen_2=sums.seen[-1],
            FROZEN=self.living["FROZEN"],
            **self.layers,
            **self.sides,
            **self.products,
            TURNED=self.turned,
            **self.unthinking.launch,
        )

    def _learn(self, values: Tensor, origin: Tensor, end: Tensor, sums: Sums) -> None:
        """Add the weights' gradients of the steps of ``values``, whose rows are kept."""
        types = {name: self.types[name] for name in ("WIDE", "PRECISION")}
        types["TURNED"] = self.turned
        for given, gradients, slots in sums.layers():
            width, to_width = slots.shape[1] - 1, slots.shape[2]
            both = product(parts(width), parts(to_width))
            for (first, tall), (to_first, wide) in both:
                self.kernels.learn[(self.learners,)](
                    given,
                    gradients,
                    origin,
                    end,
                    slots,
                    sums.ones,
                    first=first,
                    to_first=to_first,
                    WIDTH=width,
                    TO_WIDTH=to_width,
                    P=tall,
                    Q=wide,
                    **types,
                    **self.learning.launch,
                )
        for place, branch in enumerate(self.form.branches):
            pieces = max(1, branch.side**2 // self.seen_taps)
            for to_first, wide in parts(branch.width.padded):
                self.kernels.learn_to_see[(max(1, self.seers // pieces), pieces)](
                    values,
                    sums.kept.places,
                    sums.kept.from_percepts[place],
                    origin,
                    end,
                    sums.senses[place],
                    **self.sizes,
                    to_first=to_first,
                    SIDE=branch.side,
                    DILATION=branch.dilation,
                    CIRCULAR=branch.circular,
                    TO_WIDTH=branch.width.padded,
                    Q=wide,
                    **self.channels,
                    TAPS=self.seen_taps,
                    **types,
                    **self.seeing.launch,
                )

    def _tell(self, starts: Tensor, counts: Tensor, sums: Sums) -> None:
        """Add the gradients of what samples are told in some steps, whose rows are kept."""
        for place, branch in enumerate(self.form.branches):
            self.kernels.tell[(self.grid.batch, self.tellers, len(starts))](
                sums.kept.from_percepts[place],
                starts,
                counts,
                sums.told[place],
                A=branch.width.one,
                B=branch.width.other,
                WIDE=self.types["WIDE"],
                TURNED=self.turned,
            )

    def _everywhere(self) -> tuple[int, int]:
        return -(-self.cells // SETTLED), self.grid.batch
