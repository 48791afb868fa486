"""A rollout of ViTCA that computes only the cells that fire, and keeps little but states.

Of all cells a step needs keys and values; all that follows is of the rows that fire. The
gradient is written out: it computes a step again, step by step, and adds up the weights'
gradients as it goes. Of a step it is left the state before it and what rows have read, the
costliest to compute again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from ncabench.nca.engine.cells import Firing, Grid
from ncabench.nca.engine.encoding import Weights, block, weights
from ncabench.nca.engine.kernels import listed
from ncabench.nca.engine.products import summed
from ncabench.nca.model.vitca import ViTCA

COUNT = len(Weights._fields)


class Passed(NamedTuple):
    """What a step computes, in its order.

    Of all cells the state with a 1 for the bias, its embedding, that normalised, keys and
    values. Of the rows that fire the normalised embedding, queries, what heads read with the
    logarithms that its gradient needs, the sum with the embedding, that normalised, the
    MLP's hidden layer before and after its GELU, the sum with its answer, that normalised.
    """

    shown: Tensor
    embedded: Tensor
    near: Tensor
    held: Tensor
    own: Tensor
    query: Tensor
    read: Tensor
    logs: Tensor
    after: Tensor
    seen: Tensor
    inner: Tensor
    thought: Tensor
    last: Tensor
    told: Tensor


class Encoded:
    """Rolls ViTCA of one block out by its firing cells, on one size of grid.

    Products are of the operands' type; normalisations, shares, residuals and sums are as
    wide as the state.

    Args:
        model: what is rolled out; see `encoding.refused`.
        grid: sizes of the batch.
        operands: the type that weights are multiplied in.
        faster: makes a function faster.
    """

    def __init__(
        self,
        model: ViTCA,
        grid: Grid,
        *,
        operands: torch.dtype,
        faster: Callable[[Callable[..., Any]], Callable[..., Any]],
    ) -> None:
        only = block(model)
        assert only.attention.reach is not None
        self.model, self.grid, self.operands = model, grid, operands
        self.heads, self.reach = only.attention.heads, only.attention.reach
        norms = only.before_attention, only.before_mlp, model.encoder.before_head
        self.epsilons = tuple(norm.eps for norm in norms)
        self.learned = model.encoder.learned  # places
        self.step, self.unstep = faster(self._step), faster(self._unstep)

    def __call__(self, state: Tensor, *, masks: Tensor) -> Tensor:
        """Return the last state.

        Args:
            state: ``(B, C, H, W)``, float32 or wider.
            masks: ``(T, B, 1, H, W)`` bool, one or more.
        """
        firing = Firing.of(masks, capacity=self.grid.capacity(self.model.fire_rate))
        rows = self.grid.rows(state) + firing.excess.to(state.dtype)
        given = weights(self.model, self.grid, like=state)
        if torch.is_grad_enabled():
            last: Tensor = _Roll.apply(self, firing, rows, *given)
            return self.grid.planes(last)
        cast = given.cast(self.operands)
        for turn in range(len(masks)):
            rows, _, _ = self.step(rows, *_at(firing, turn), *cast)
        return self.grid.planes(rows)

    def _step(
        self, values: Tensor, rows: Tensor, place: Tensor, _valid: Tensor, *given: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the next state, and what rows have read with its logarithms."""
        by = Weights(*given)
        done = self._pass(values, rows, place, by)
        change = (done.told @ by.head).to(values.dtype) + by.headed
        after = values + _spread(change, place)[:, : values.shape[1]]
        return after, done.read, done.logs

    def _pass(
        self,
        values: Tensor,
        rows: Tensor,
        place: Tensor,
        by: Weights,
        attended: tuple[Tensor, Tensor] | None = None,
    ) -> Passed:
        """Return what a step computes, but for what it has ``attended`` to already."""
        kind, wide = self.operands, values.dtype
        shown = self._shown(values, by)
        embedded = shown @ by.embed
        near = _normalised(_placed(embedded, by), self.epsilons[0]).to(kind)
        held = torch.addmm(by.held, near, by.holding)
        held = held.view(*self._sides, 2, self.heads, -1)
        own = near[rows]
        query = torch.addmm(by.asked, own, by.asking).view(len(rows), self.heads, -1)
        if attended is None:
            read, logs = listed.attended(query, held, rows, place, self.reach)
            read = read.flatten(1)
        else:
            read, logs = attended
        cells = embedded[rows].to(wide) + by.places[rows % len(by.places)]
        after = cells + (read @ by.project).to(wide) + by.projected
        seen = _normalised(after, self.epsilons[1]).to(kind)
        inner = (seen @ by.widen).to(wide) + by.widened
        thought = F.gelu(inner).to(kind)
        last = after + (thought @ by.narrow).to(wide) + by.narrowed
        told = _normalised(last, self.epsilons[2]).to(kind)
        of_cells = shown, embedded, near, held
        return Passed(
            *of_cells, own, query, read, logs, after, seen, inner, thought, last, told
        )

    def _unstep(
        self,
        values: Tensor,
        gradient: Tensor,
        rows: Tensor,
        place: Tensor,
        valid: Tensor,
        read: Tensor,
        logs: Tensor,
        *given: Tensor,
    ) -> tuple[Tensor, ...]:
        """Return the gradients of a step's values, and of weights added to those so far."""
        by, totals, wide = Weights(*given[:COUNT]), given[COUNT:], values.dtype
        done = self._pass(values, rows, place, by, attended=(read, logs))
        change = torch.where(valid[:, None], gradient[rows], 0)
        spare = by.head.shape[1] - values.shape[1]
        change = F.pad(change, (0, spare)).to(self.operands)
        after, *learned = self._unthought(done, change, by)
        narrow = after.to(self.operands)
        back = (narrow @ by.project.T).view(done.query.shape)
        query, held = listed.descended(
            done.query, done.held, back, done.logs, rows, place, self.reach
        )
        query, held = query.flatten(1), held.flatten(0, 2).flatten(1)
        near = (held @ by.holding.T).to(wide)
        near = near + _spread((query @ by.asking.T).to(wide), place)
        cells = _unnormalised(near, _placed(done.embedded, by), self.epsilons[0])
        cells = (cells + _spread(after, place)).to(self.operands)
        found = (
            summed(done.shown, cells),
            self._unplaced(cells, by),
            *_learned(done.own, query, wide),
            *_learned(done.near, held, wide),
            *_learned(done.read, narrow, wide),
            *learned,
        )
        before = gradient + (cells @ by.embed.T).to(wide)[:, : values.shape[1]]
        return before, *(total + one for total, one in zip(totals, found, strict=True))

    def _unthought(self, done: Passed, change: Tensor, by: Weights) -> tuple[Tensor, ...]:
        """Return the gradients of what rows have read, and of the weights after that."""
        kind, wide = self.operands, done.last.dtype
        last = _unnormalised((change @ by.head.T).to(wide), done.last, self.epsilons[2])
        narrow = last.to(kind)
        inner = torch.ops.aten.gelu_backward((narrow @ by.narrow.T).to(wide), done.inner)
        inner = inner.to(kind)
        seen = (inner @ by.widen.T).to(wide)
        return (
            last + _unnormalised(seen, done.after, self.epsilons[1]),
            *_learned(done.seen, inner, wide),
            *_learned(done.thought, narrow, wide),
            *_learned(done.told, change, wide),
        )

    def _unplaced(self, cells: Tensor, by: Weights) -> Tensor:
        """Return the gradient of places, where they have one."""
        if not self.learned:
            return torch.zeros_like(by.places)
        return cells.view(-1, *by.places.shape).sum(dim=0, dtype=by.places.dtype)

    def _shown(self, values: Tensor, by: Weights) -> Tensor:
        """Return states with a 1 for the bias, padded with zeros."""
        beside = F.pad(
            values.new_ones(len(values), 1), (0, len(by.embed) - values.shape[1] - 1)
        )
        return torch.cat([values, beside], dim=1).to(self.operands)

    @property
    def _sides(self) -> tuple[int, int, int]:
        return self.grid.batch, self.grid.height, self.grid.width


class _Roll(torch.autograd.Function):
    """All steps as one function of the first state and of the weights."""

    @staticmethod
    def forward(
        ctx: Any, encoded: Encoded, firing: Firing, first: Tensor, *given: Tensor
    ) -> Tensor:
        cast, kept, after = Weights(*given).cast(encoded.operands), [], first.detach()
        for turn in range(len(firing.rows)):
            before = after
            after, read, logs = encoded.step(before, *_at(firing, turn), *cast)
            kept += [before, read, logs]
        ctx.encoded, ctx.firing = encoded, firing
        ctx.save_for_backward(*given, *kept)
        return after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        encoded, firing = ctx.encoded, ctx.firing
        given, kept = Weights(*ctx.saved_tensors[:COUNT]), ctx.saved_tensors[COUNT:]
        gradient = gradients[0].contiguous()
        totals = [one.new_zeros(one.shape) for one in given]
        with torch.autocast(gradient.device.type, enabled=False):
            cast = given.cast(encoded.operands)
            for turn in reversed(range(len(firing.rows))):
                before, read, logs = kept[3 * turn : 3 * turn + 3]
                at = *_at(firing, turn), read, logs
                gradient, *totals = encoded.unstep(before, gradient, *at, *cast, *totals)
        return None, None, gradient, *totals


def _at(firing: Firing, turn: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return which cells fire in a step: their rows, places, and whether rows are any."""
    return firing.rows[turn], firing.place[turn], firing.valid[turn]


def _placed(embedded: Tensor, by: Weights) -> Tensor:
    """Return all cells as they come to the block, as wide as places are."""
    tables = embedded.view(-1, *by.places.shape).to(by.places.dtype)
    return (tables + by.places).view(embedded.shape)


def _normalised(rows: Tensor, epsilon: float) -> Tensor:
    centred = rows - rows.mean(dim=1, keepdim=True)
    return centred * (centred.square().mean(dim=1, keepdim=True) + epsilon).rsqrt()


def _unnormalised(gradient: Tensor, rows: Tensor, epsilon: float) -> Tensor:
    """Return the gradient of rows whose normalised ones have ``gradient``."""
    centred = rows - rows.mean(dim=1, keepdim=True)
    scale = (centred.square().mean(dim=1, keepdim=True) + epsilon).rsqrt()
    normal = centred * scale
    along = (gradient * normal).mean(dim=1, keepdim=True)
    return scale * (gradient - gradient.mean(dim=1, keepdim=True) - normal * along)


def _learned(rows: Tensor, gradient: Tensor, wide: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the gradients of the matrix that rows are multiplied with, and of the bias."""
    return summed(rows, gradient), gradient.sum(dim=0, dtype=wide)


def _spread(values: Tensor, place: Tensor) -> Tensor:
    """Return ``(cells, C)``: ``values (N, C)`` in the cells that fire, and 0 elsewhere."""
    last = len(values) - 1
    return torch.where((place <= last)[:, None], values[place.clamp(max=last)], 0)
