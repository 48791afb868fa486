"""What an automaton has that adds what a network makes of all of a cell to the cell."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ncabench.nca.model import Automaton
from ncabench.nca.state import Layout, spread


class Changing(Automaton):
    """An automaton without living mask, noise or bounds.

    Args:
        layout: its own; condition channels stand last in what the network is shown.
        fire_rate: chance that a cell updates in a step; 1.0 updates all, synchronously.

    Raises:
        ValueError: ``fire_rate`` is not in (0, 1]; in `step`, a condition is missing, or is
            given and not read.
    """

    noise = 0.0

    def __init__(self, layout: Layout, *, fire_rate: float) -> None:
        super().__init__()
        if not 0 < fire_rate <= 1:
            raise ValueError(f"fire_rate must be above 0 and at most 1, not {fire_rate}")
        self.layout = layout
        self.fire_rate = fire_rate

    @abstractmethod
    def change(self, shown: Tensor) -> Tensor:
        """Return what cells change by.

        Args:
            shown: ``(B, perceived, H, W)``.

        Returns:
            ``(B, C - frozen, H, W)``.
        """

    def step(
        self,
        state: Tensor,
        *,
        condition: Tensor | None,
        mask: Tensor | None,
        noise: Tensor | None = None,  # noqa: ARG002 -- it adds none
    ) -> Tensor:
        """Return the next state; frozen channels stay, and so do cells outside the mask."""
        frozen = self.layout.frozen
        change = self.change(told(state, condition, planes=self.layout.condition))
        if mask is not None:
            change = change * mask
        own = state[:, frozen:] + change
        return torch.cat([state[:, :frozen], own], dim=1) if frozen else own

    def features(self, shown: Tensor) -> Tensor:
        """Return the hidden channels of a state."""
        return shown[:, self.layout.hidden_slice]


def told(grid: Tensor, condition: Tensor | None, *, planes: int) -> Tensor:
    """Return a grid and what is told of it as one, ``(B, C + planes, H, W)``.

    Args:
        grid: ``(B, C, H, W)``.
        condition: ``(B, planes)`` or ``(B, planes, h, w)``, or None where there are none.
        planes: channels of the condition.

    Raises:
        ValueError: a condition is missing, or is given where none is read.
    """
    if (condition is None) != (planes == 0):
        given = "none was given" if condition is None else "one was given"
        raise ValueError(f"the layout has {planes} condition channels, but {given}")
    if condition is None:
        return grid
    height, width = grid.shape[-2:]
    return torch.cat([grid, spread(condition, height=height, width=width)], dim=1)
