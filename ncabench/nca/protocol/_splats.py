"""Where attention goes: shares that cells give their neighbours, gathered by who gets them."""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor


def received(shares: Tensor) -> Tensor:
    """Return how much attention each cell gets from all cells, ``(B, heads, H, W)``.

    A cell that all its neighbours give an even share gets 1. What goes beyond the border is
    lost, so that a map adds up to the cells less that.

    Args:
        shares: ``(B, H, W, heads, neighbours)``, neighbours row by row.

    >>> received(torch.full((1, 1, 3, 1, 9), 1 / 9))[0, 0].mul(9).round()
    tensor([[2., 3., 2.]])
    """
    batch, height, width, heads, neighbours = shares.shape
    side = isqrt(neighbours)
    reach = side // 2
    padded = shares.new_zeros(batch, heads, height + 2 * reach, width + 2 * reach)
    given = shares.movedim(3, 1)  # (B, heads, H, W, neighbours)
    for number in range(neighbours):
        y, x = divmod(number, side)
        padded[:, :, y : y + height, x : x + width] += given[..., number]
    return padded[:, :, reach : reach + height, reach : reach + width]


def beyond(shares: Tensor) -> Tensor:
    """Return the share of attention that goes beyond the border, ``(B, heads)``.

    >>> beyond(torch.full((1, 1, 3, 1, 9), 1 / 9)).mul(27).round()  # 20 of 27 shares
    tensor([[20.]])
    """
    cells = shares.shape[1] * shares.shape[2]
    return 1 - received(shares).sum(dim=(2, 3)) / cells


def to_itself(shares: Tensor) -> Tensor:
    """Return the share that cells give themselves, their mean, ``(B, heads)``.

    >>> to_itself(torch.eye(9)[4].expand(1, 1, 3, 1, 9))
    tensor([[1.]])
    """
    return shares[..., shares.shape[-1] // 2].mean(dim=(1, 2))


def entropy(shares: Tensor) -> Tensor:
    """Return the entropy of cells' shares, their mean, in nats, ``(B, heads)``.

    It is log 9 where nine neighbours get even shares, and 0 where one gets all.

    >>> entropy(torch.full((1, 2, 2, 1, 9), 1 / 9)).exp().round()
    tensor([[9.]])
    """
    each: Tensor = -torch.special.xlogy(shares, shares).sum(dim=-1)
    return each.mean(dim=(1, 2))
