"""Self-attention of cells, to their neighbours or to the whole grid."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention, localised or global.

    One linear layer without bias makes queries, keys and values; another, with bias, puts
    the heads together, and is absent where there is one head. Scores are divided by the
    square root of a head's width. Keys and values beyond the border are zero: they have the
    score 0 and take their share of the attention.

    Source: ViTCA, section 3.1, equations 1 and 2, with the facts of its authors' code.

    Args:
        width: d, channels of a cell.
        heads: number of independent attentions, each to ``width // heads`` channels.
        reach: cells seen in each direction along each axis; None sees the whole grid.
        unfolded: copy keys and values once for each neighbour, as the authors' code does:
            the same numbers at its cost in memory. Otherwise neighbours are views.

    Shape:
        ``(B, H, W, d)`` to ``(B, H, W, d)``.
    """

    def __init__(
        self, width: int, *, heads: int, reach: int | None, unfolded: bool = False
    ) -> None:
        super().__init__()
        self.heads, self.reach, self.unfolded = heads, reach, unfolded
        inner = heads * (width // heads)
        self.qkv = nn.Linear(width, 3 * inner, bias=False)
        self.project = nn.Linear(inner, width) if heads > 1 else nn.Identity()

    def forward(self, cells: Tensor, masked: Collection[int] = ()) -> Tensor:
        """Return what cells read; the heads numbered in ``masked`` read nothing."""
        query, key, value = (
            one.unflatten(-1, (self.heads, -1)) for one in self.qkv(cells).chunk(3, dim=-1)
        )
        if self.reach is None:
            read = everywhere(query, key, value)
        elif self.unfolded:
            read = copied(query, key, value, reach=self.reach)
        else:
            read = _near(query, key, value, reach=self.reach)
        if masked:
            heads = enumerate(read.unbind(-2))
            kept = [torch.zeros_like(one) if n in masked else one for n, one in heads]
            read = torch.stack(kept, dim=-2)
        out: Tensor = self.project(read.flatten(-2))
        return out

    def shares(self, cells: Tensor) -> Tensor:
        """Return how cells divide their attention, ``(B, H, W, heads, neighbours)``.

        Raises:
            ValueError: the attention is global.
        """
        if self.reach is None:
            raise ValueError("shares are those of neighbours, and this attention is global")
        query, key, _ = (
            one.unflatten(-1, (self.heads, -1)) for one in self.qkv(cells).chunk(3, dim=-1)
        )
        return shares(query, key, reach=self.reach)


class Near(Protocol):
    """What reads from the cells within ``reach``, as `nearby` does."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, *, reach: int) -> Tensor:
        """Return what each cell reads; all are ``(B, H, W, heads, E)``."""
        ...


def nearby(query: Tensor, key: Tensor, value: Tensor, *, reach: int) -> Tensor:
    """Return what each cell reads from the cells within ``reach`` of it.

    Neighbours are views of one padded grid and never copied, so that memory grows by the
    scores alone: ``heads`` numbers for each cell and neighbour.

    Shape:
        all ``(B, H, W, heads, E)``.

    >>> here = torch.zeros(1, 1, 3, 1, 1)  # equal scores: each of nine shares is a ninth
    >>> nearby(here, here, here + 9, reach=1)[0, 0, :, 0, 0]  # the others are beyond
    tensor([2., 3., 2.])
    """
    query = query / math.sqrt(query.shape[-1])
    keys, values = _neighbours(key, reach=reach), _neighbours(value, reach=reach)
    scores = torch.stack([(query * one).sum(dim=-1) for one in keys], dim=-1)
    shares = scores.softmax(dim=-1)[..., None].unbind(-2)  # of (B, H, W, heads, 1)
    read = shares[0] * values[0]
    for share, one in zip(shares[1:], values[1:], strict=True):
        read = read + share * one
    return read


_near: Near = nearby


@contextmanager
def reading(near: Near) -> Iterator[None]:
    """Let localised attention be computed by ``near`` for a while: an engine's own way."""
    global _near
    before, _near = _near, near
    try:
        yield
    finally:
        _near = before


def copied(query: Tensor, key: Tensor, value: Tensor, *, reach: int) -> Tensor:
    """Return what `nearby` does, from copies of every cell's neighbourhood.

    Shape:
        all ``(B, H, W, heads, E)``.
    """
    keys, values = (
        torch.stack(_neighbours(one, reach=reach), dim=-2) for one in (key, value)
    )  # (B, H, W, heads, neighbours, E)
    scores = query.unsqueeze(-2) @ keys.mT / math.sqrt(query.shape[-1])
    return (scores.softmax(dim=-1) @ values).squeeze(-2)


def shares(query: Tensor, key: Tensor, *, reach: int) -> Tensor:
    """Return the share of its attention that each cell gives each neighbour, row by row.

    They add up to 1, with those that go beyond the border; `nearby` reads by them.

    Shape:
        both ``(B, H, W, heads, E)``; result ``(B, H, W, heads, (2 reach + 1) ** 2)``.

    >>> here = torch.full((1, 1, 1, 1, 1), 3.0)  # nine scores: 9 for itself, 0 beyond
    >>> shares(here, here, reach=1).flatten()[[0, 4]].round(decimals=4)
    tensor([1.0000e-04, 9.9900e-01])
    """
    query = query / math.sqrt(query.shape[-1])
    keys = _neighbours(key, reach=reach)
    return torch.stack([(query * one).sum(dim=-1) for one in keys], dim=-1).softmax(dim=-1)


def everywhere(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return what each cell reads from all cells.

    Shape:
        all ``(B, H, W, heads, E)``.
    """
    asked, keys, values = (
        one.flatten(1, 2).transpose(1, 2) for one in (query, key, value)
    )  # (B, heads, H W, E)
    read = F.scaled_dot_product_attention(asked, keys, values)
    return read.transpose(1, 2).reshape(query.shape)


def _neighbours(grid: Tensor, *, reach: int) -> list[Tensor]:
    """Return views of a grid moved to each neighbour, row by row, zero beyond the border."""
    height, width = grid.shape[1:3]
    padded = F.pad(grid, [0, 0, 0, 0, reach, reach, reach, reach])
    side = range(2 * reach + 1)
    return [padded[:, y : y + height, x : x + width] for y in side for x in side]
