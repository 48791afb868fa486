"""The local pattern producing network: a small network of sines, told where a point lies."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from ncabench.nca.decoder import Decoder, Readout
from ncabench.nca.weights import Keyed

FREQUENCY = 10.0


class LPPN(Decoder):
    """Three layers ``sin(10 (W x + b))`` and a linear one, of coordinates and then the state.

    With ``harmonics`` n above 0 each coordinate u is shown as the sines and cosines of
    ``pi u``, ``2 pi u``, ... ``n pi u``, all sines of a harmonic before its cosines: u = -1
    and u = 1 are then the same, so that neighbouring cells meet without a jump.

    Source: Cells to Pixels, section "LPPN" and table 1; frequency and start are those of its
    authors' code, as Sitzmann et al., "Implicit Neural Representations with Periodic
    Activation Functions" (SIREN), 2020, section 3.2. That the sines come first is ncabench's.

    Args:
        width: W, of the three layers.
        harmonics: n; 0 shows the coordinates as they are.
        coordinates: show coordinates at all; False is an ablation.

    Raises:
        ValueError: ``harmonics`` is negative, or is asked of coordinates that are not shown.

    >>> growing = LPPN(width=64, harmonics=1).make(32, outputs=4, axes=2)
    >>> texture, rgb = (LPPN(width=32).make(16, outputs=k, axes=2) for k in (9, 3))
    >>> [sum(one.numel() for one in made.parameters()) for made in (growing, texture, rgb)]
    [10948, 3017, 2819]
    """

    version = 1

    def __init__(
        self, *, width: int = 32, harmonics: int = 0, coordinates: bool = True
    ) -> None:
        if harmonics < 0:
            raise ValueError(f"harmonics must be 0 or more, not {harmonics}")
        if harmonics and not coordinates:
            raise ValueError(f"{harmonics} harmonics of coordinates that are not shown")
        self.width, self.harmonics, self.coordinates = width, harmonics, coordinates

    def make(self, channels: int, *, outputs: int, axes: int) -> Readout:
        shown = axes * (2 * self.harmonics or 1) if self.coordinates else 0
        sizes = (shown + channels, self.width, self.width, self.width, outputs)
        return _Siren(sizes, shown=shown, harmonics=self.harmonics)


class _Siren(Readout):
    """Sine layers of each point.

    Args:
        sizes: of the input, of what each sine layer gives, and of the output.
        shown: the part of the input that coordinates take.
        harmonics: as in `LPPN`.

    Shape:
        states ``(..., C)``, coordinates ``(..., D)``; output ``(..., K)``.
    """

    def __init__(self, sizes: tuple[int, ...], *, shown: int, harmonics: int) -> None:
        super().__init__()
        self.shown, self.harmonics = shown, harmonics
        self.layers = nn.ModuleList(nn.Linear(into, out) for into, out in pairwise(sizes))

    def initialise(self, keyed: Keyed) -> None:
        """Draw weights so that phases keep their spread from layer to layer."""
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, nn.Linear)
            into = layer.in_features
            bound = math.sqrt(6 / into) / FREQUENCY if number else 1 / into
            keyed.uniform_(layer.weight, bound=bound)

    def forward(self, states: Tensor, coordinates: Tensor) -> Tensor:
        values = states
        if self.shown:
            told = self._encoded(coordinates).to(states.dtype)
            told = told.expand(*states.shape[:-1], -1)
            values = torch.cat([told, states], dim=-1)
        for layer in self.layers[:-1]:
            values = torch.sin(FREQUENCY * layer(values))
        seen: Tensor = self.layers[-1](values)
        return seen

    def _encoded(self, coordinates: Tensor) -> Tensor:
        if not self.harmonics:
            return coordinates
        phases = [math.pi * turn * coordinates for turn in range(1, self.harmonics + 1)]
        waves = [wave for phase in phases for wave in (phase.sin(), phase.cos())]
        return torch.cat(waves, dim=-1)
