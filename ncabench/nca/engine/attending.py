"""Attention to neighbours as rows: it takes place among the states, not among embeddings.

Queries, keys and values are linear in what a cell holds, so a head's score of a neighbour is
``x' A y`` for the cell's own x and the neighbour's y, with a matrix A no larger than the state;
and what the head reads is one matrix times the neighbours' mean, weighed by their shares. So
neither keys nor values are computed, and nothing of the embedding's width is kept. What a
condition adds to a score is the same for all neighbours and cancels in the softmax; what it
adds to a value passes through it as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.engine.cells import Taps
from ncabench.nca.engine.products import product
from ncabench.nca.engine.senses import (
    ALIGNED,
    Around,
    Constants,
    Fired,
    Sense,
    Wide,
    seen,
    sense,
    told,
)
from ncabench.nca.perception.attention import Attention
from ncabench.nca.perception.transformer import Transformer


class Heads:
    """The attention itself, and the linear layer that follows it.

    Args:
        perception: whose weights these are.
        channels: C of the state.
    """

    def __init__(self, perception: Attention | Transformer, channels: int) -> None:
        self.perception, self.channels = perception, channels
        self.count = perception.heads
        self.taps = Taps(size=2 * perception.reach + 1)

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        """Return the matrices of scores and of reading, what cells are told, and neighbours.

        A cell's own part of a product is its state, its condition, and a 1 for the bias, so
        that their weights' gradients are the product's.
        """
        query, key, value = self._embeddings()
        own = condition if condition is not None else query.new_zeros(1, 0)
        spare = -(self.channels + own.shape[1] + 1) % ALIGNED
        ones, zeros = own.new_ones(len(own), 1), own.new_zeros(len(own), spare)
        scale = math.sqrt(self.count / len(query))
        pairs = zip(self._split(query), self._split(key), strict=True)
        scores = [scale * one.T @ other[:, : self.channels] for one, other in pairs]
        scoring = F.pad(torch.cat(scores, dim=1), (0, 0, 0, 1 + spare))
        return (
            scoring,  # (own, heads * C)
            F.pad(self._reading(value), (0, 0, 0, spare)),  # (heads * C + own, out)
            torch.cat([own, ones, zeros], dim=1),
            Wide(self._bias(query)),
            around(self.taps),
        )

    def reads(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        """Return ``(N, out)``, what the linear layer makes of what the heads read."""
        scoring, reading, beside, bias, around = constants
        taps = self.taps.size**2
        sight = seen(fired, around, self.taps).view(-1, taps, self.channels)
        own = torch.cat([sight[:, taps // 2], told(fired, beside)], dim=1)
        asked = wider(product(own, scoring)).view(-1, self.count, 1, self.channels)
        near = wider(sight)[:, None]  # (N, 1, taps, C)
        shares = ((asked * near).sum(dim=3) + bias).softmax(dim=2)  # (N, heads, taps)
        found = (shares[..., None] * near).sum(dim=2).flatten(1)
        return product(torch.cat([found.to(own.dtype), own], dim=1), reading)

    def _reading(self, value: Tensor) -> Tensor:
        """Return what is made of each head's mean, then of a cell's own part."""
        layer, skip = self.perception.projection, getattr(self.perception, "skip", None)
        ends = torch.split(layer.weight[:, :, 0, 0], len(value) // self.count, dim=1)
        heads = [
            (end @ read).T for end, read in zip(ends, self._split(value), strict=True)
        ]  # for each head (C + K, out)
        flat = torch.stack([one[self.channels :] for one in heads]).sum(dim=0)
        assert layer.bias is not None
        own, bias = flat.new_zeros(self.channels, flat.shape[1]), layer.bias
        if isinstance(skip, nn.Conv2d):
            straight = skip.weight[:, :, 0, 0].T
            assert skip.bias is not None
            own, flat = straight[: self.channels], flat + straight[self.channels :]
            bias = bias + skip.bias
        return torch.cat([*(one[: self.channels] for one in heads), own, flat, bias[None]])

    def _embeddings(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the matrices of queries, keys and values, each ``(E, C + K)``."""
        if isinstance(self.perception, Attention):
            one, other, last = self.perception.qkv.weight[:, :, 0, 0].chunk(3)
            return one, other, last
        parts = self.perception.query, self.perception.key, self.perception.value
        one, other, last = (conv.weight[:, :, 0, 0] for conv in parts)
        return one, other, last

    def _split(self, embedding: Tensor) -> tuple[Tensor, ...]:
        return torch.split(embedding, len(embedding) // self.count)

    def _bias(self, like: Tensor) -> Tensor:
        bias = self.perception.bias
        return like.new_zeros(self.count, self.taps.size**2) if bias is None else bias


class AttentionSense(Sense):
    """Attention, its projection, and a leaky ReLU."""

    def __init__(self, perception: Attention, channels: int) -> None:
        self.heads, self.slope = Heads(perception, channels), perception.slope

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        return self.heads.constants(condition, around)

    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        return F.leaky_relu(self.heads.reads(fired, constants), self.slope)


class TransformerSense(Sense):
    """Attention and a feed-forward layer, each added and normalised."""

    def __init__(self, perception: Transformer, channels: int) -> None:
        self.heads, self.perception = Heads(perception, channels), perception

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        block = self.perception
        norms = block.after_attention, block.after_feed_forward
        return (
            *(Wide(one) for norm in norms for one in (norm.weight, norm.bias)),
            *(
                one
                for layer in (block.widen, block.narrow)
                for one in (layer.weight.T, layer.bias)
            ),
            *self.heads.constants(condition, around),
        )

    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        weight, bias, last_weight, last_bias, *rest = constants
        widen, wide_bias, narrow, narrow_bias, *heads = rest
        sensed = wider(self.heads.reads(fired, heads))
        shape, epsilon = sensed.shape[-1:], self.perception.after_attention.eps
        cells = F.layer_norm(sensed, shape, weight, bias, epsilon)
        thought = F.gelu(product(cells.to(widen.dtype), widen) + wide_bias)
        thought = wider(product(thought, narrow) + narrow_bias)
        cells = F.layer_norm(cells + thought, shape, last_weight, last_bias, epsilon)
        return F.leaky_relu(cells, self.perception.slope).to(widen.dtype)


def wider(values: Tensor) -> Tensor:
    """Return values in float32, or as they are where they are wider."""
    return values if values.dtype == torch.float64 else values.float()


@sense.register
def _(perception: Attention, channels: int) -> Sense | None:
    return AttentionSense(perception, channels)


@sense.register
def _(perception: Transformer, channels: int) -> Sense | None:
    return TransformerSense(perception, channels)
