"""A rollout by the kernels as one function, with a gradient or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ncabench.nca.engine.kernels.form import Matrices
from ncabench.nca.engine.kernels.steps import Listed, Steps


class Roll(torch.autograd.Function):
    """All steps as one function of the first state and of the matrices."""

    @staticmethod
    def forward(
        ctx: Any, steps: Steps, listed: Listed, first: Tensor, *given: Tensor
    ) -> Tensor:
        cast = _cast(_packed(given), steps)
        turns, cells = len(listed.rows), steps.grid.cells
        states = torch.empty(turns + 1, *first.shape, dtype=steps.wide, device=first.device)
        states[0] = first
        shape = (turns, cells, steps.words)
        passes = torch.empty(shape, dtype=torch.int32, device=first.device)
        steps.forward(states.unbind(0), passes, listed, cast)
        ctx.steps, ctx.listed = steps, listed
        ctx.save_for_backward(states, passes, *given)
        return states[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        steps, (states, passes, *given) = ctx.steps, ctx.saved_tensors
        gradient = gradients[0].to(steps.wide).clone(memory_format=torch.contiguous_format)
        cast = _cast(_packed(given), steps)
        sums = steps.backward(gradient, states, passes, ctx.listed, cast)
        found = flattened(sums.matrices(_packed(given)))
        return None, None, gradient, *found


def kept_apart(steps: Steps, listed: Listed, first: Tensor, matrices: Matrices) -> Tensor:
    """Return the last state where no gradient is wanted: two states in turns are enough."""
    turns = len(listed.rows)
    pair = torch.empty(2, *first.shape, dtype=steps.wide, device=first.device)
    pair[0] = first
    states = [pair[turn % 2] for turn in range(turns + 1)]
    steps.forward(states, None, listed, _cast(matrices, steps))
    return states[-1]


def flattened(matrices: Matrices) -> list[Tensor]:
    """Return matrices in an order that `_packed` knows."""
    pairs = [one for pair in zip(matrices.senses, matrices.told, strict=True) for one in pair]
    return [*matrices.last, *(matrices.middle or ()), *pairs]


def _packed(given: Sequence[Tensor]) -> Matrices:
    last, last_bias, *rest = given
    middle = (rest[0], rest[1]) if len(rest) != 2 else None
    pairs = rest[2:] if middle else rest
    return Matrices(tuple(pairs[0::2]), tuple(pairs[1::2]), middle, (last, last_bias))


def _cast(matrices: Matrices, steps: Steps) -> Matrices:
    """Return matrices of the operands' type; what is added stays wide, a row a sample."""
    batch = steps.grid.batch
    told = tuple(one.to(steps.wide).expand(batch, -1).contiguous() for one in matrices.told)
    senses = tuple(one.to(steps.operands) for one in matrices.senses)
    last = matrices.last[0].to(steps.operands), matrices.last[1].to(steps.wide)
    if matrices.middle is None:
        return Matrices(senses, told, None, last)
    matrix, bias = matrices.middle
    return Matrices(senses, told, (matrix.to(steps.operands), bias.to(steps.wide)), last)
