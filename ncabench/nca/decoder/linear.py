"""One linear layer, which does not know where in its cell a point lies."""

from __future__ import annotations

from torch import Tensor, nn

from ncabench.nca.decoder import Decoder, Readout


class Linear(Decoder):
    """What is seen is linear in the interpolated state; coordinates are not looked at.

    Source: Cells to Pixels, the baseline of its figures, which takes the place of the LPPN.

    >>> growing = Linear().make(32, outputs=4, axes=2)
    >>> texture = Linear().make(16, outputs=9, axes=2)
    >>> [sum(one.numel() for one in made.parameters()) for made in (growing, texture)]
    [132, 153]
    """

    version = 1

    def make(self, channels: int, *, outputs: int, axes: int) -> Readout:  # noqa: ARG002 -- the contract's
        return _Layer(channels, outputs)


class _Layer(Readout):
    """A linear layer of states.

    Shape:
        states ``(..., C)``; output ``(..., K)``.
    """

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(channels, outputs)

    def forward(self, states: Tensor, coordinates: Tensor) -> Tensor:  # noqa: ARG002 -- not seen
        seen: Tensor = self.layer(states)
        return seen
