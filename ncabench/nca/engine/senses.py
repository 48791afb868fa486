"""Perceptions and updates of rows: the same numbers as those of grids, for chosen cells.

`sense` and `think` know the kinds that have such a form; another kind has none, and its
automaton is stepped as a whole grid. A sense is made of a perception; its ``constants`` are
what a step needs besides the state, made once for a rollout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.engine.cells import Grid, Taps, near
from ncabench.nca.engine.products import product
from ncabench.nca.perception import Perception
from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.update import Update
from ncabench.nca.update.mlp import MLP
from ncabench.nca.update.resnet import ResNet


class Wide(NamedTuple):
    """A constant that keeps its type where others take that of the operands."""

    values: Tensor


Constants = tuple[Tensor | Wide, ...]
ALIGNED = 8  # inner sizes of products are made multiples of it


Fired = tuple[Tensor, Tensor, Tensor, Grid, torch.dtype]
"""The rows that fire in a step, and the grid that they see; a plain tuple, since PyTorch's
compiler follows those best: the state ``(cells, C)``; which cells fire, ``(N,)``; where each
cell stands among them ``(cells,)``, or N; the sizes; the type that weights are multiplied in.
"""


def seen(fired: Fired, around: Tensor, taps: Taps) -> Tensor:
    """Return what each row that fires sees, ``(N, taps * C)``, by the table ``around``."""
    values, rows, place, _, operands = fired
    return near(values, rows, place, around, circular=taps.circular, operands=operands)


def told(fired: Fired, table: Tensor) -> Tensor:
    """Return the row of ``table (B, K)`` of each fired row's sample, ``(N, K)``.

    A table of one row is the same for all samples. It has no gradient.
    """
    _, rows, _, grid, _ = fired
    if len(table) == 1:
        return table.expand(len(rows), -1)
    return table[rows // (grid.height * grid.width)]


Around = Callable[[Taps], Tensor]


class Sense(ABC):
    """A perception of rows."""

    @abstractmethod
    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        """Return what a rollout needs.

        Args:
            condition: ``(B, K)``, or None.
            around: returns the table of each cell's neighbours.
        """

    @abstractmethod
    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        """Return the percepts ``(N, out_channels)`` of the rows that fire."""


class Kernel:
    """A convolution as a product of what rows see with its kernel.

    A condition that is the same all over a torus adds the same to every cell of a sample. It
    is seen once, beside the taps, as is a 1 for the bias; so their weights' gradients are
    part of the product's. Where no gradient is wanted it is added to the product instead.

    Args:
        convolutions: of equal geometry; their outputs stand side by side.
        channels: C of the state; what else they see is the condition.
    """

    def __init__(self, convolutions: Sequence[nn.Conv2d], channels: int, taps: Taps) -> None:
        self.convolutions, self.channels, self.taps = convolutions, channels, taps
        self.adds = False  # the condition's part and the bias to the product

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        """Return the matrix, what each sample sees besides its state, and the neighbours."""
        kernel = torch.cat([conv.weight for conv in self.convolutions])
        bias = torch.cat([_bias(conv) for conv in self.convolutions])[None]
        own = kernel[:, : self.channels].permute(2, 3, 1, 0).flatten(0, 2)
        other = kernel[:, self.channels :].sum(dim=(2, 3)).T  # (K, out)
        self.adds = not torch.is_grad_enabled() and len(own) % ALIGNED == 0
        if self.adds:
            added = bias if condition is None else condition @ other + bias
            return own, added, around(self.taps)
        spare = -(len(own) + len(other) + 1) % ALIGNED
        matrix = torch.cat([own, other, bias, bias.new_zeros(spare, bias.shape[1])])
        if condition is None:
            condition = matrix.new_zeros(1, 0)
        ones, zeros = condition.new_ones(len(condition), 1), condition.new_zeros(1, spare)
        beside = torch.cat([condition, ones, zeros.expand(len(condition), -1)], dim=1)
        return matrix, beside, around(self.taps)

    def product(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        """Return the convolutions' outputs of the rows that fire."""
        matrix, beside, around = constants
        if self.adds:
            return seen(fired, around, self.taps) @ matrix + told(fired, beside)
        sight = [seen(fired, around, self.taps), told(fired, beside)]
        return product(torch.cat(sight, dim=1), matrix)


class ConvSense(Sense):
    """A convolution and a leaky ReLU."""

    def __init__(self, perception: Conv, channels: int) -> None:
        conv = perception.conv
        self.slope = perception.slope
        taps = Taps(
            size=_one(conv.kernel_size),
            dilation=_one(conv.dilation),
            circular=conv.padding_mode == "circular",
        )
        self.kernel = Kernel([conv], channels, taps)

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        return self.kernel.constants(condition, around)

    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        return F.leaky_relu(self.kernel.product(fired, constants), self.slope)


class SobelSense(Sense):
    """Fixed filters of what rows see; those of a constant condition are computed once."""

    def __init__(self, perception: Sobel) -> None:
        self.filters = perception.kernels
        self.taps = Taps(size=3, circular=perception.padding_mode == "circular")

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        weights = self.filters.reshape(3, 9)
        if condition is None:
            return weights, around(self.taps)
        flat = condition[:, None] * weights.sum(dim=1)[:, None]  # (B, 3, K)
        return weights, around(self.taps), condition, flat.flatten(1)

    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        weights, around, *tables = constants
        sight = seen(fired, around, self.taps)
        sight = sight.view(len(sight), 9, -1)  # (N, 9, C)
        centre = sight[:, 4]
        filtered = [_weighed(sight, weights[index]) for index in range(3)]
        if not tables:
            return torch.cat([centre, *filtered], dim=1)
        itself, flat = told(fired, tables[0]), told(fired, tables[1]).chunk(3, dim=1)
        pairs = zip(filtered, flat, strict=True)
        return torch.cat([centre, itself, *(one for pair in pairs for one in pair)], dim=1)


class CombinedSense(Sense):
    """Several senses side by side."""

    def __init__(self, senses: Sequence[Sense]) -> None:
        self.senses = list(senses)
        self.counts = [0] * len(self.senses)

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        each = [sense.constants(condition, around) for sense in self.senses]
        self.counts = [len(one) for one in each]
        return tuple(constant for one in each for constant in one)

    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        rest, found = list(constants), []
        for sense, count in zip(self.senses, self.counts, strict=True):
            found.append(sense.percepts(fired, rest[:count]))
            rest = rest[count:]
        return torch.cat(found, dim=1)


@singledispatch
def sense(perception: Perception, channels: int) -> Sense | None:  # noqa: ARG001 -- the contract's
    """Return the row form of a perception of ``channels`` state channels, or None."""
    return None


@sense.register
def _(perception: Conv, channels: int) -> Sense | None:
    return ConvSense(perception, channels)


@sense.register
def _(perception: Sobel, channels: int) -> Sense | None:  # noqa: ARG001 -- the contract's
    return SobelSense(perception)


@sense.register
def _(perception: Combined, channels: int) -> Sense | None:
    found = [sense(branch, channels) for branch in _branches(perception)]
    senses = [one for one in found if one is not None]
    return CombinedSense(senses) if len(senses) == len(found) else None


def torus(perception: Perception) -> bool:
    """Whether all of a perception's neighbourhoods wrap around the grid."""
    if isinstance(perception, Combined):
        return all(torus(branch) for branch in _branches(perception))
    if isinstance(perception, Conv):
        return perception.conv.padding_mode == "circular"
    if isinstance(perception, Sobel):
        return perception.padding_mode == "circular"
    return True


class Thought(ABC):
    """An update of rows."""

    @abstractmethod
    def constants(self) -> Constants:
        """Return what a rollout needs of the weights."""

    @abstractmethod
    def change(self, percepts: Tensor, constants: Sequence[Tensor]) -> Tensor:
        """Return the change ``(N, C)`` that ``percepts (N, in_channels)`` call for."""


class MLPThought(Thought):
    """Two products."""

    def __init__(self, update: MLP) -> None:
        self.first, self.last, self.tanh = update.first, update.last, update.tanh

    def constants(self) -> Constants:
        return (*_linear(self.first), *_linear(self.last))

    def change(self, percepts: Tensor, constants: Sequence[Tensor]) -> Tensor:
        first, first_bias, last, last_bias = constants
        thought = F.leaky_relu(_affine(percepts, first, first_bias), 0.2)
        change = _affine(thought, last, last_bias)
        return torch.tanh(change) if self.tanh else change


class ResNetThought(Thought):
    """A product, pairs of products with what they add to, and a product."""

    def __init__(self, update: ResNet) -> None:
        inner = [layer for layer in update.blocks.modules() if isinstance(layer, nn.Conv2d)]
        self.layers = [update.first, *inner, update.last]

    def constants(self) -> Constants:
        return tuple(one for layer in self.layers for one in _linear(layer))

    def change(self, percepts: Tensor, constants: Sequence[Tensor]) -> Tensor:
        layers = list(zip(constants[0::2], constants[1::2], strict=True))
        thought = F.leaky_relu(_affine(percepts, *layers[0]), 0.2)
        for one, other in zip(layers[1:-1:2], layers[2:-1:2], strict=True):
            inner = F.leaky_relu(_affine(thought, *one), 0.2)
            thought = F.leaky_relu(thought + _affine(inner, *other), 0.2)
        return _affine(thought, *layers[-1])


@singledispatch
def think(update: Update) -> Thought | None:  # noqa: ARG001 -- the contract's
    """Return the row form of an update, or None."""
    return None


@think.register
def _(update: MLP) -> Thought | None:
    return MLPThought(update)


@think.register
def _(update: ResNet) -> Thought | None:
    return ResNetThought(update)


def _branches(perception: Combined) -> list[Perception]:
    return [branch for branch in perception.branches if isinstance(branch, Perception)]


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None
    return conv.bias


def _affine(rows: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    return product(rows, matrix) + bias


def _linear(layer: nn.Conv2d) -> Constants:
    """Return the matrix that rows are multiplied with, and the bias."""
    assert layer.bias is not None
    return layer.weight[:, :, 0, 0].T.contiguous(), layer.bias


def _one(sides: tuple[int, ...]) -> int:
    first, *others = sides
    assert all(other == first for other in others)
    return first


def _weighed(sight: Tensor, weights: Tensor) -> Tensor:
    return (sight * weights[:, None]).sum(dim=1)
