"""An automaton whose update is a U-Net of single cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from ncabench.nca.model._changing import Changing
from ncabench.nca.model._hourglass import Hourglass
from ncabench.nca.state import Layout
from ncabench.nca.weights import Keyed


class UNetCA(Changing):
    """An automaton that changes by the U-Net of ``vitca_unet`` with 1x1 convolutions.

    Only its first convolution is 3x3. Halving and doubling stay, so that a step also carries
    values within squares of 4x4 cells. The network is shown all of a cell and changes its
    visible and hidden channels. Every cell lives, whatever the task's layout says of that,
    and none is told where it is.

    Source: Tesfaldet et al., "Attention-based Neural Cellular Automata" (ViTCA), section 4,
    "UNetCA".

    Args:
        layout: the task's: frozen channels are the input.
        width: f, channels of the convolutions before the first doubling.
        fire_rate: chance that a cell updates in a step; 1.0 updates all, synchronously.
        zero_start: start the last convolution at zero, as the paper says of all its automata;
            its authors' code starts it as any other.

    Shape:
        `step` maps ``(B, C, H, W)`` to ``(B, C, H, W)``, H and W multiples of 4.

    Raises:
        ValueError: ``fire_rate`` is not in (0, 1]; in `step`, H or W is not a multiple of 4,
            or a condition is missing or not read.

    >>> faces, digits = (
    ...     Layout(height=32, width=32, frozen=c, visible=c, hidden=32) for c in (3, 1)
    ... )
    >>> UNetCA(faces).parameter_count(), UNetCA(digits).parameter_count()
    (54019, 51969)
    """

    version = 1
    trainers = ("rollout", "denoising")
    protocols = (
        "recovery",
        "quality",
        "denoising",
        "linear_probe",
        "resilience",
        "stability",
        "update_rates",
        "larger_grid",
        "unseen_masks",
        "extreme_masks",
        "hidden_states",
    )

    def __init__(
        self,
        layout: Layout,
        *,
        width: int = 48,
        fire_rate: float = 0.5,
        zero_start: bool = True,
    ) -> None:
        own = self.grid(layout)
        super().__init__(own, fire_rate=fire_rate)
        self.zero_start = zero_start
        self.network = Hourglass(
            own.perceived, own.channels - own.frozen, width=width, kernel_size=1
        )

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:  # noqa: ARG003 -- the contract's
        """Return the task's layout, in which every cell lives."""
        return replace(layout, alive=None)

    def initialise(self, keyed: Keyed) -> None:  # noqa: ARG002 -- nothing is drawn
        """Start from a last convolution of zeros, if so set, so that no cell changes."""
        if self.zero_start:
            nn.init.zeros_(self.network.head.weight)
            if self.network.head.bias is not None:
                nn.init.zeros_(self.network.head.bias)

    def change(self, shown: Tensor) -> Tensor:
        """Return the network's answer."""
        answer: Tensor = self.network(shown)
        return answer
