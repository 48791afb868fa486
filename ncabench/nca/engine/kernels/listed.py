"""Attention to neighbours of some cells alone, by the kernels that all cells attend by."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ncabench.nca.engine.kernels import nearby as whole


def nearby(query: Tensor, held: Tensor, rows: Tensor, place: Tensor, *, reach: int) -> Tensor:
    """Return what the cells of a list read from the cells within ``reach`` of them.

    A row whose cell has its place elsewhere reads 0, and has no gradient.

    Source: `ncabench.nca.model._self_attention.nearby` is the definition.

    Args:
        query: of the rows.
        held: keys and values of all cells.
        rows: the cells that the rows are.
        place: where each cell stands among the rows; their number where it does not.
        reach: cells seen in each direction along each axis.

    Shape:
        query ``(N, heads, E)``, held ``(B, H, W, 2, heads, E)``, rows ``(N,)`` int32, place
        ``(B * H * W,)`` int32; result as query.
    """
    found: tuple[Tensor, Tensor] = attended(query, held, rows, place, reach)
    return found[0]


@torch.library.custom_op("ncabench::nearby_rows", mutates_args=())
def attended(
    query: Tensor, held: Tensor, rows: Tensor, place: Tensor, reach: int
) -> tuple[Tensor, Tensor]:
    """Return what `nearby` does, and the logarithms of the sums that shares are of."""
    query, held = query.contiguous(), held.contiguous()
    read, logs = _empty(query)
    tables = [query, *held.unbind(3)]
    sizes = whole.sizes(tables, reach, listed=True)
    asking = *tables, read, logs, rows, place, len(rows)
    whole.kernels().attend[whole.programs(logs)](*asking, **sizes)
    return read, logs


@attended.register_fake
def _(
    query: Tensor, _held: Tensor, _rows: Tensor, _place: Tensor, _reach: int
) -> tuple[Tensor, Tensor]:
    return _empty(query)


@torch.library.custom_op("ncabench::nearby_rows_backward", mutates_args=())
def descended(
    query: Tensor,
    held: Tensor,
    gradient: Tensor,
    logs: Tensor,
    rows: Tensor,
    place: Tensor,
    reach: int,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of ``query`` and of ``held``."""
    query, held = query.contiguous(), held.contiguous()
    gradient = gradient.to(query.dtype).contiguous()
    from_query, from_held = _blank(query), _blank(held)
    means = torch.empty_like(logs)
    tables = [query, *held.unbind(3)]
    sizes = whole.sizes(tables, reach, listed=True)
    asking = *tables, gradient, logs, from_query, means, rows, place, len(rows)
    whole.kernels().ask[whole.programs(logs)](*asking, **sizes)
    from_key, from_value = from_held.unbind(3)
    answering = *tables, gradient, logs, means, from_key, from_value, place
    counts, stride = (len(place), len(rows)), from_key.stride(2)
    cells = whole.programs(held[..., 0, :, 0])
    whole.kernels().answer[cells](*answering, *counts, from_stride=stride, **sizes)
    return from_query, from_held


@descended.register_fake
def _(
    query: Tensor,
    held: Tensor,
    _gradient: Tensor,
    _logs: Tensor,
    _rows: Tensor,
    _place: Tensor,
    _reach: int,
) -> tuple[Tensor, Tensor]:
    return _blank(query), _blank(held)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.reach = inputs
    ctx.save_for_backward(*tensors, output[1])


def _descend(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    query, held, rows, place, logs = ctx.saved_tensors
    found = descended(query, held, gradient, logs, rows, place, ctx.reach)
    return (*found, None, None, None)


attended.register_autograd(_descend, setup_context=_keep)


def _empty(query: Tensor) -> tuple[Tensor, Tensor]:
    wide = whole.wide(query)
    return _blank(query), torch.empty(query.shape[:2], dtype=wide, device=query.device)


def _blank(like: Tensor) -> Tensor:
    return torch.empty(like.shape, dtype=like.dtype, device=like.device)
