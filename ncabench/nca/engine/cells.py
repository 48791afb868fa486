"""Cells as rows, and which of them fire: how values get from the grid to those and back.

A state ``(B, C, H, W)`` becomes ``(B * H * W, C)``, one row a cell. Of each step only the
rows that fire are computed, gathered into a table of fixed length, so that a program's
shapes do not depend on chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.engine.products import FEWEST, PART

MARGIN = 8  # standard deviations of the number that fires, kept free above its mean

MULTIPLE = 64  # rows, for aligned products


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The sizes of a batch of grids.

    Args:
        batch: B.
        height: H.
        width: W.
    """

    batch: int
    height: int
    width: int

    @property
    def cells(self) -> int:
        """All cells of all grids."""
        return self.batch * self.height * self.width

    def capacity(self, rate: float) -> int:
        """Return the length of the table for cells that fire at ``rate``.

        A number that fires is binomial; beyond 8 standard deviations above its mean it is
        once in 10**15 steps, and then `Firing` makes the state NaN.

        >>> Grid(batch=18, height=80, width=80).capacity(0.5)  # of 115,200
        59392
        """
        mean = self.cells * rate
        room = mean + MARGIN * math.sqrt(mean * (1 - rate))
        multiple = PART if room > FEWEST * PART else MULTIPLE
        return min(self.cells, math.ceil(room / multiple) * multiple)

    def rows(self, state: Tensor) -> Tensor:
        """Return ``(B, C, H, W)`` as ``(cells, C)``."""
        return state.movedim(1, -1).reshape(self.cells, -1)

    def planes(self, rows: Tensor) -> Tensor:
        """Return ``(cells, C)`` as ``(B, C, H, W)``, a view."""
        return rows.view(self.batch, self.height, self.width, -1).movedim(-1, 1)


@dataclass(frozen=True, kw_only=True)
class Taps:
    """Where the cells of a neighbourhood lie, symmetric to its centre.

    Args:
        size: side of the neighbourhood in cells, odd.
        dilation: cells between two taps.
        circular: the grid is a torus; otherwise there is nothing beyond its border.
    """

    size: int
    dilation: int = 1
    circular: bool = True

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Down and right of each tap, row by row.

        >>> Taps(size=3).offsets[:2]
        [(-1, -1), (-1, 0)]
        """
        reach = self.size // 2
        line = [self.dilation * step for step in range(-reach, reach + 1)]
        return [(down, right) for down in line for right in line]


@dataclass(frozen=True, kw_only=True)
class Firing:
    """Which cells fire in each of T steps.

    Attributes:
        rows: ``(T, capacity)`` int32, the cells that fire, in their order, then others.
        place: ``(T, cells)`` int32, where in ``rows`` a cell stands; ``capacity`` where it
            does not fire.
        valid: ``(T, capacity)`` bool, whether a row fires.
        excess: a scalar to add to the state: 0, or NaN where more cells fire than fit.
    """

    rows: Tensor
    place: Tensor
    valid: Tensor
    excess: Tensor

    @staticmethod
    def of(masks: Tensor, *, capacity: int) -> Firing:
        """Return what ``masks``, ``(T, B, 1, H, W)`` bool, say."""
        fires = masks.flatten(2)
        within = fires.cumsum(2)  # (T, B, H * W), from 1 for a cell that fires
        upto = within[:, :, -1].cumsum(1)  # (T, B)
        rank = (within + (upto - within[:, :, -1])[..., None]).flatten(1)
        fires = fires.flatten(1)
        place = torch.where(fires, rank - 1, capacity).clamp(max=capacity)
        cell = torch.arange(fires.shape[1], device=masks.device).expand_as(place)
        rows = torch.zeros(len(fires), capacity + 1, dtype=torch.int64, device=masks.device)
        rows = rows.scatter(1, place, cell)[:, :capacity].contiguous()
        count = upto[:, -1:]
        valid = torch.arange(capacity, device=masks.device) < count
        excess = torch.where(count > capacity, math.nan, 0.0).sum()
        return Firing(rows=rows.int(), place=place.int(), valid=valid, excess=excess)


def neighbours(taps: Taps, grid: Grid, *, device: torch.device) -> Tensor:
    """Return which cell lies at each tap of each cell, ``(cells, taps)`` int32.

    Where a tap lies beyond the border of a grid that is no torus, the number of cells.

    >>> line = Grid(batch=1, height=1, width=3)
    >>> neighbours(Taps(size=3), line, device=torch.device("cpu"))[0, 3:6].tolist()
    [2, 0, 1]
    """
    cell = torch.arange(grid.cells, dtype=torch.int32, device=device)[:, None]
    offsets = torch.tensor(taps.offsets, dtype=torch.int32, device=device)
    across, along = cell % grid.width, cell // grid.width % grid.height
    down, right = along + offsets[:, 0], across + offsets[:, 1]  # each (cells, taps)
    first = cell - along * grid.width - across
    there = first + down % grid.height * grid.width + right % grid.width
    if taps.circular:
        return there
    within = (down >= 0) & (down < grid.height) & (right >= 0) & (right < grid.width)
    return torch.where(within, there, grid.cells)


class _Near(torch.autograd.Function):
    """Gathers neighbourhoods; its gradient gathers too, and adds nothing by chance."""

    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        rows: Tensor,
        place: Tensor,
        around: Tensor,
        circular: bool,
        operands: torch.dtype,
    ) -> Tensor:
        ctx.save_for_backward(place, around)
        ctx.circular, ctx.wide = circular, values.dtype
        found = _gathered(values, rows, around, circular=circular)
        # PyTorch 2.11 loses the gradient of a conversion that converts nothing
        return found if found.dtype == operands else found.to(operands)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        place, around = ctx.saved_tensors
        (gradient,) = gradients
        found = _returned(gradient, place, around, circular=ctx.circular, wide=ctx.wide)
        return found, None, None, None, None, None


def _gathered(values: Tensor, rows: Tensor, around: Tensor, *, circular: bool) -> Tensor:
    cell = around[rows]  # (N, taps)
    if circular:
        return values[cell].flatten(1)
    last = len(values) - 1
    seen = values[cell.clamp(max=last)]
    return torch.where((cell <= last)[..., None], seen, 0).flatten(1)


def _returned(
    gradient: Tensor, place: Tensor, around: Tensor, *, circular: bool, wide: torch.dtype
) -> Tensor:
    """Sum, for each cell, what the rows that saw it have of it.

    A cell is the k-th of a row's neighbours where the row is the k-th last of the cell's.
    """
    capacity, (cells, taps) = len(gradient), around.shape
    parts = gradient.view(capacity, taps, -1)
    total: Tensor | None = None
    for tap in range(taps):
        row = around[:, taps - 1 - tap]
        where = place[row] if circular else place[row.clamp(max=cells - 1)]
        fires = where < capacity
        if not circular:
            fires = fires & (row < cells)
        part = parts[where.clamp(max=capacity - 1), tap]
        part = torch.where(fires[:, None], part.to(wide), 0)
        total = part if total is None else total + part
    assert total is not None
    return total


class _Spread(torch.autograd.Function):
    """Puts rows back where they came from, and 0 elsewhere."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, rows: Tensor, place: Tensor, valid: Tensor) -> Tensor:
        ctx.save_for_backward(rows, valid)
        last = len(values) - 1
        fires = (place <= last)[:, None]
        return torch.where(fires, values[place.clamp(max=last)], 0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, valid = ctx.saved_tensors
        (gradient,) = gradients
        return torch.where(valid[:, None], gradient[rows], 0), None, None, None


def near(
    values: Tensor,
    rows: Tensor,
    place: Tensor,
    around: Tensor,
    *,
    circular: bool,
    operands: torch.dtype,
) -> Tensor:
    """Return what ``rows`` see of ``values`` around them, as type ``operands``.

    The gradient is summed in the type of ``values``.

    Args:
        values: of all cells.
        rows: the cells that look.
        place: where each cell stands among them; their number where it does not.
        around: as `neighbours` returns it.
        circular: no tap lies beyond a border.
        operands: the type of what is returned.

    Shape:
        values ``(cells, C)``, rows ``(N,)``, place ``(cells,)``, around ``(cells, taps)``;
        result ``(N, taps * C)``, tap by tap.
    """
    seen: Tensor = _Near.apply(values, rows, place, around, circular, operands)
    return seen


def spread(values: Tensor, rows: Tensor, place: Tensor, valid: Tensor) -> Tensor:
    """Return ``(cells, C)``: ``values (N, C)`` in the rows that fire, and 0 elsewhere."""
    whole: Tensor = _Spread.apply(values, rows, place, valid)
    return whole
