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
        59008
        """
        mean = self.cells * rate
        room = mean + MARGIN * math.sqrt(mean * (1 - rate))
        return min(self.cells, math.ceil(room / MULTIPLE) * MULTIPLE)

    def rows(self, state: Tensor) -> Tensor:
        """Return ``(B, C, H, W)`` as ``(cells, C)``."""
        return state.movedim(1, -1).reshape(self.cells, -1)

    def planes(self, rows: Tensor) -> Tensor:
        """Return ``(cells, C)`` as ``(B, C, H, W)``, a view."""
        return rows.view(self.batch, self.height, self.width, -1).movedim(-1, 1)


@dataclass(frozen=True, kw_only=True)
class Taps:
    """Where the cells of a neighbourhood lie.

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
        rows: ``(T, capacity)`` int64, the cells that fire, in their order, then others.
        place: ``(T, cells)`` int64, where in ``rows`` a cell stands; ``capacity`` where it
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
        return Firing(rows=rows, place=place, valid=valid, excess=excess)


def shifted(rows: Tensor, offset: tuple[int, int], grid: Grid) -> Tensor:
    """Return the rows that lie ``offset`` (down, right) of ``rows`` on the torus."""
    height, width = grid.height, grid.width
    across, down = rows % width, rows // width % height
    first = rows - down * width - across
    return first + (down + offset[0]) % height * width + (across + offset[1]) % width


def inside(rows: Tensor, offset: tuple[int, int], grid: Grid) -> Tensor:
    """Return whether what lies ``offset`` of ``rows`` is on the grid, bool."""
    down = rows // grid.width % grid.height + offset[0]
    across = rows % grid.width + offset[1]
    return (down >= 0) & (down < grid.height) & (across >= 0) & (across < grid.width)


class _Near(torch.autograd.Function):
    """Gathers neighbourhoods; its gradient gathers too, and adds nothing by chance."""

    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        rows: Tensor,
        place: Tensor,
        taps: Taps,
        grid: Grid,
        operands: torch.dtype,
    ) -> Tensor:
        ctx.save_for_backward(place)
        ctx.taps, ctx.grid, ctx.wide = taps, grid, values.dtype
        found = _gathered(values, rows, taps, grid)
        # PyTorch 2.11 loses the gradient of a conversion that converts nothing
        return found if found.dtype == operands else found.to(operands)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (place,) = ctx.saved_tensors
        (gradient,) = gradients
        found = _returned(gradient, place, ctx.taps, ctx.grid, ctx.wide)
        return found, None, None, None, None, None


def _gathered(values: Tensor, rows: Tensor, taps: Taps, grid: Grid) -> Tensor:
    seen = []
    for offset in taps.offsets:
        value = values[shifted(rows, offset, grid)]
        if not taps.circular:
            value = torch.where(inside(rows, offset, grid)[:, None], value, 0)
        seen.append(value)
    return torch.cat(seen, dim=1)


def _returned(
    gradient: Tensor, place: Tensor, taps: Taps, grid: Grid, wide: torch.dtype
) -> Tensor:
    capacity = len(gradient)
    parts = gradient.view(capacity, len(taps.offsets), -1)
    cell = torch.arange(grid.cells, device=gradient.device)
    total: Tensor | None = None
    for index, (down, right) in enumerate(taps.offsets):
        back = (-down, -right)
        where = place[shifted(cell, back, grid)]
        fires = where < capacity
        if not taps.circular:
            fires = fires & inside(cell, back, grid)
        part = parts[where.clamp(max=capacity - 1), index]
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
    *,
    taps: Taps,
    grid: Grid,
    operands: torch.dtype,
) -> Tensor:
    """Return what ``rows`` see of ``values`` around them, as type ``operands``.

    The gradient is summed in the type of ``values``.

    Shape:
        values ``(cells, C)``, rows ``(N,)``, place ``(cells,)``; result
        ``(N, number of taps * C)``, tap by tap.
    """
    given = (values, rows, place, taps, grid, operands)
    seen: Tensor = _Near.apply(*given)
    return seen


def spread(values: Tensor, rows: Tensor, place: Tensor, valid: Tensor) -> Tensor:
    """Return ``(cells, C)``: ``values (N, C)`` in the rows that fire, and 0 elsewhere."""
    whole: Tensor = _Spread.apply(values, rows, place, valid)
    return whole
