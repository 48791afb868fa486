"""Attention to neighbours by the kernels, as an operator that PyTorch's compiler calls."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.engine.kernels import loaded

FARTHEST = 3  # cells, in each direction
WIDEST = 256  # channels of a head
CELLS = 64  # of a program
ALL = (None, None)  # cells look: there is no list of them


def takes(*, reach: int, part: int) -> bool:
    """Whether the kernels attend so far, with heads of ``part`` channels."""
    return reach <= FARTHEST and part <= WIDEST


def nearby(query: Tensor, key: Tensor, value: Tensor, *, reach: int) -> Tensor:
    """Return what each cell reads from the cells within ``reach`` of it.

    Sums are float32 or wider, whatever the operands are. Gradients of gradients are refused.

    Source: `ncabench.nca.model._self_attention.nearby` is the definition.

    Shape:
        all ``(B, H, W, heads, E)``.
    """
    found: tuple[Tensor, Tensor] = _attended(query, key, value, reach)
    return found[0]


@torch.library.custom_op("ncabench::nearby", mutates_args=())
def _attended(query: Tensor, key: Tensor, value: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    rows = [_rows(one) for one in (query, key, value)]
    read = torch.empty(query.shape, dtype=query.dtype, device=query.device)
    logs = torch.empty(query.shape[:4], dtype=wide(query), device=query.device)
    count = logs.shape[:3].numel()
    kernels().attend[programs(logs)](*rows, read, logs, *ALL, count, **sizes(rows, reach))
    return read, logs


@_attended.register_fake
def _(query: Tensor, _key: Tensor, _value: Tensor, _reach: int) -> tuple[Tensor, Tensor]:
    read = torch.empty(query.shape, dtype=query.dtype, device=query.device)
    return read, torch.empty(query.shape[:4], dtype=wide(query), device=query.device)


@torch.library.custom_op("ncabench::nearby_backward", mutates_args=())
def _descended(
    query: Tensor, key: Tensor, value: Tensor, gradient: Tensor, logs: Tensor, reach: int
) -> tuple[Tensor, Tensor, Tensor]:
    rows = [_rows(one) for one in (query, key, value)]
    gradient = gradient.to(query.dtype).contiguous()
    found = [torch.empty(one.shape, dtype=one.dtype, device=one.device) for one in rows]
    means = torch.empty_like(logs)
    told, cut, count = sizes(rows, reach), programs(logs), logs.shape[:3].numel()
    asking = *rows, gradient, logs, found[0], means, *ALL, count
    answering = *rows, gradient, logs, means, *found[1:], None, count, count
    kernels().ask[cut](*asking, **told)
    kernels().answer[cut](*answering, from_stride=found[1].stride(2), **told)
    return found[0], found[1], found[2]


@_descended.register_fake
def _(
    query: Tensor, key: Tensor, value: Tensor, _gradient: Tensor, _logs: Tensor, _reach: int
) -> tuple[Tensor, Tensor, Tensor]:
    one, two, three = (
        torch.empty(one.shape, dtype=one.dtype, device=one.device)
        for one in (query, key, value)
    )
    return one, two, three


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    query, key, value, ctx.reach = inputs
    ctx.save_for_backward(query, key, value, output[1])


def _descend(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    query, key, value, logs = ctx.saved_tensors
    return (*_descended(query, key, value, gradient, logs, ctx.reach), None)


_attended.register_autograd(_descend, setup_context=_keep)


def _rows(values: Tensor) -> Tensor:
    """Return values whose cells lie evenly one after another, each with its heads together."""
    _, height, width, _, part = values.shape
    apart = values.stride(2)
    even = (height * width * apart, width * apart, apart, part, 1)
    return values if values.stride() == even else values.contiguous()


def sizes(rows: list[Tensor], reach: int, *, listed: bool = False) -> dict[str, Any]:
    """Return what kernels are told of queries, keys, and values."""
    query, key, value = rows
    _, height, width, _, part = key.shape
    return {
        "height": height,
        "width": width,
        "query_stride": query.stride(-3),
        "key_stride": key.stride(2),
        "value_stride": value.stride(2),
        "E": part,
        "EP": 1 << (part - 1).bit_length(),
        "REACH": reach,
        "CELLS": CELLS,
        "WIDE": kernels().types[wide(key)],
        "LISTED": listed,
    }


def programs(of: Tensor) -> tuple[int, int]:
    """Return how many programs are launched for the heads of cells, their last axis."""
    heads = of.shape[-1]
    return -(-(of.numel() // heads) // CELLS), heads


def wide(values: Tensor) -> torch.dtype:
    """Return the type that values are summed in."""
    return torch.float64 if values.dtype == torch.float64 else torch.float32


@cache
def kernels() -> Any:
    """Return the kernels as this process runs them."""
    return loaded.kernels()
