"""Products of many rows with a small matrix, and their gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

PART = 512  # rows whose share of a matrix's gradient is one product
FEWEST = 16  # parts from which it pays to sum them apart


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor) -> Tensor:
        ctx.save_for_backward(rows, matrix)
        return rows @ matrix

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        rows, matrix = ctx.saved_tensors
        (gradient,) = gradients
        return gradient @ matrix.T, matrix_gradient(rows, gradient)


def product(rows: Tensor, matrix: Tensor) -> Tensor:
    """Return ``rows @ matrix``, whose gradient is faster for many rows.

    Shape:
        rows ``(N, K)``, matrix ``(K, M)``; result ``(N, M)``.

    >>> product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    multiplied: Tensor = _Product.apply(rows, matrix)
    return multiplied


def matrix_gradient(rows: Tensor, gradient: Tensor) -> Tensor:
    """Return ``rows.T @ gradient``, of the type of ``rows``; see `summed`."""
    return summed(rows, gradient).to(rows.dtype)


def summed(rows: Tensor, gradient: Tensor) -> Tensor:
    """Return ``rows.T @ gradient``, in float32 where many narrow rows are summed on a GPU.

    On a GPU the sum over many rows is a small result of a long sum, which occupies few
    multiprocessors; it is taken in parts side by side, which are added up in float32.

    Shape:
        rows ``(N, K)``, gradient ``(N, M)``; result ``(K, M)``.
    """
    count = len(rows)
    if not rows.is_cuda or count % PART or count < FEWEST * PART:
        return rows.T @ gradient
    return summed_by_parts(rows, gradient)


def summed_by_parts(rows: Tensor, gradient: Tensor) -> Tensor:
    """Return ``rows.T @ gradient``, summed over parts of 512 rows at a time."""
    across = rows.view(-1, PART, rows.shape[1]).transpose(1, 2)
    along = gradient.reshape(-1, PART, gradient.shape[1])
    if rows.is_cuda and rows.dtype in (torch.bfloat16, torch.float16):
        sums = torch.bmm(across, along, out_dtype=torch.float32)
    else:
        sums = across @ along
    return sums.sum(dim=0)
