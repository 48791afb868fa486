"""The form in which the kernels take an automaton: matrices with widths that tiles have."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.engine.senses import torus
from ncabench.nca.model import Automaton
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception import Perception
from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.update.mlp import MLP

LEAST = 16  # side of the smallest product of tiles
WIDE_SUM = 128  # rows and columns of a sum of products, at most
WIDEST = 192  # outputs of a layer
MOST_NUMBERS = 2**31  # of a table: the kernels count in 32 bits
MOST_CHANNELS = 64
BRANCHES = 2


@dataclass(frozen=True)
class Width:
    """A layer's width as two parts, each a power of two; the second may be 0.

    Args:
        size: the layer's own width.

    >>> Width(80).one, Width(80).other, Width(96).padded, Width(5).padded
    (64, 16, 96, 16)
    """

    size: int

    @property
    def one(self) -> int:
        """The greatest power of two within, at least 16."""
        return max(LEAST, 1 << self.size.bit_length() - 1)

    @property
    def other(self) -> int:
        """The least power of two that holds the rest, at least 16; 0 for no rest."""
        rest = self.size - self.one
        return max(LEAST, 1 << (rest - 1).bit_length()) if rest > 0 else 0

    @property
    def padded(self) -> int:
        """Both parts."""
        return self.one + self.other


@dataclass(frozen=True)
class Branch:
    """The geometry of a convolution of the state.

    Args:
        side: of its kernel, in taps.
        dilation: cells between taps.
        circular: the grid is a torus.
        slope: of the leaky ReLU that follows.
        width: of its outputs.
    """

    side: int
    dilation: int
    circular: bool
    slope: float
    width: Width


@dataclass(frozen=True)
class Matrices:
    """What the kernels multiply with, and what they add; gradients flow through them.

    Attributes:
        senses: for each branch ``(taps * channels, N)``, channels padded to a power of two.
        told: for each branch ``(B, N)``, the bias and what the condition adds.
        middle: ``(N of all branches, hidden)`` and its bias, or None where there is none.
        last: ``(hidden, channels)`` and its bias.
    """

    senses: tuple[Tensor, ...]
    told: tuple[Tensor, ...]
    middle: tuple[Tensor, Tensor] | None
    last: tuple[Tensor, Tensor]

    def turned(self) -> Matrices:
        """Return the same with a row for each column of a matrix."""
        middle, (last, last_bias) = self.middle, self.last
        return Matrices(
            tuple(one.T.contiguous() for one in self.senses),
            self.told,
            None if middle is None else (middle[0].T.contiguous(), middle[1]),
            (last.T.contiguous(), last_bias),
        )


class Form:
    """An automaton as the kernels take it.

    A perception that is linear (Sobel) is folded into the layer that follows it.

    Args:
        model: one that `refused` does not refuse.
    """

    def __init__(self, model: NCA) -> None:
        self.model = model
        self.channels = model.layout.channels
        self.padded_channels = _padded_channels(model)
        update = model.update
        assert isinstance(update, MLP)
        self.update = update
        self.hidden = Width(update.first.out_channels)
        self.folded = isinstance(model.perception, Sobel)
        self.convolutions = [] if self.folded else _convolutions(model.perception)
        self.branches = self._branches()

    @staticmethod
    def refused(model: Automaton) -> str:
        """Return why there is no such form of a model, or ``""``."""
        if type(model) is not NCA:
            return f"no fused kernels for the model {type(model).__name__}"
        if not isinstance(model.update, MLP) or model.update.tanh:
            return f"no fused kernels for the update {type(model.update).__name__}"
        wide = model.update.first.out_channels, *_widths(model.perception)
        if len(wide) == 1 or len(wide) > 1 + BRANCHES:
            return f"no fused kernels for the perception {type(model.perception).__name__}"
        if max(wide) > WIDEST or model.layout.channels > MOST_CHANNELS:
            return (
                f"fused kernels take layers up to {WIDEST} wide "
                f"and states up to {MOST_CHANNELS} channels"
            )
        if model.noise > 0 or model.normalise:
            return "noise and normalising have no fused kernels"
        if model.layout.condition and not torus(model.perception):
            return "a condition is not the same at the border of a grid that is no torus"
        return ""

    def matrices(self, condition: Tensor | None) -> Matrices:
        """Return the matrices of the weights as they are.

        Args:
            condition: ``(B, K)``, or None.
        """
        last = self.update.last
        ends = self._padded(last.weight[:, :, 0, 0].T, self.hidden.padded, self.padded_channels)
        assert last.bias is not None
        end = ends, _row(last.bias, self.padded_channels)
        if self.folded:
            sense, told = self._folded(condition)
            return Matrices((sense,), (told,), None, end)
        pairs = [self._sensed(conv, condition) for conv in self.convolutions]
        return Matrices(
            tuple(sense for sense, _ in pairs),
            tuple(told for _, told in pairs),
            self._middle(),
            end,
        )

    def _branches(self) -> tuple[Branch, ...]:
        if self.folded:
            perception = self.model.perception
            assert isinstance(perception, Sobel)
            circular = perception.padding_mode == "circular"
            return (Branch(3, 1, circular, 0.2, self.hidden),)
        found = []
        for perception, conv in zip(
            _convs(self.model.perception), self.convolutions, strict=True
        ):
            circular = conv.padding_mode == "circular"
            side, dilation = int(conv.kernel_size[0]), int(conv.dilation[0])
            width = Width(conv.out_channels)
            found.append(Branch(side, dilation, circular, perception.slope, width))
        return tuple(found)

    def _sensed(self, conv: nn.Conv2d, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        width = Width(conv.out_channels).padded
        taps = conv.weight[:, : self.channels].permute(2, 3, 1, 0).flatten(0, 1)
        assert conv.bias is not None
        told = conv.bias[None]
        if condition is not None:
            told = condition @ conv.weight[:, self.channels :].sum(dim=(2, 3)).T + told
        return self._taps(taps, width), _row(told, width)

    def _folded(self, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        perception, first = self.model.perception, self.update.first
        assert isinstance(perception, Sobel)
        filters = perception.kernels.reshape(3, 9)
        centre = torch.eye(9, device=filters.device, dtype=filters.dtype)[4:5]
        filters = torch.cat([centre, filters])  # (4, taps)
        seen = first.weight[:, :, 0, 0].reshape(len(first.weight), 4, -1)  # (hidden, 4, C + K)
        taps = torch.einsum("gt,hgc->tch", filters, seen[:, :, : self.channels])
        assert first.bias is not None
        told = first.bias[None]
        if condition is not None:
            flat = torch.einsum("g,hgk->kh", filters.sum(dim=1), seen[:, :, self.channels :])
            told = condition @ flat + told
        return self._taps(taps, self.hidden.padded), _row(told, self.hidden.padded)

    def _middle(self) -> tuple[Tensor, Tensor]:
        first = self.update.first
        sizes = [one.width.size for one in self.branches]
        rows = torch.split(first.weight[:, :, 0, 0].T, sizes)
        padded = [
            self._padded(part, branch.width.padded, self.hidden.padded)
            for part, branch in zip(rows, self.branches, strict=True)
        ]
        assert first.bias is not None
        return torch.cat(padded), _row(first.bias, self.hidden.padded)

    def _taps(self, taps: Tensor, width: int) -> Tensor:
        """Return ``(taps, C, N)`` as a matrix with padded channels and width."""
        spare = self.padded_channels - self.channels
        padded = F.pad(taps, (0, width - taps.shape[2], 0, spare))
        return padded.flatten(0, 1).contiguous()

    @staticmethod
    def _padded(matrix: Tensor, rows: int, columns: int) -> Tensor:
        height, width = matrix.shape
        return F.pad(matrix, (0, columns - width, 0, rows - height)).contiguous()


def _padded_channels(model: NCA) -> int:
    return max(LEAST, 1 << (model.layout.channels - 1).bit_length())


def _row(values: Tensor, width: int) -> Tensor:
    return F.pad(values, (0, width - values.shape[-1])).contiguous()


def _convs(perception: Perception) -> list[Conv]:
    if isinstance(perception, Combined):
        return [one for one in perception.branches if isinstance(one, Conv)]
    return [perception] if isinstance(perception, Conv) else []


def _convolutions(perception: Perception) -> list[nn.Conv2d]:
    return [one.conv for one in _convs(perception)]


def _widths(perception: Perception) -> list[int]:
    """Return the widths of the branches; none where a branch is no convolution."""
    if type(perception) is Sobel:
        return [1]
    convs = _convs(perception)
    known = type(perception) in (Conv, Combined)
    whole = not isinstance(perception, Combined) or len(convs) == len(perception.branches)
    return [conv.out_channels for conv in convs] if known and whole else []
