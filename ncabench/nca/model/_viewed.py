"""Automata of which pictures are made from one of several sides."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ncabench.nca.decoder import Readout
from ncabench.nca.draws import Draws
from ncabench.nca.model._changing import Changing
from ncabench.nca.model._rendered import counted
from ncabench.nca.rendering import surface
from ncabench.nca.state import Layout


class Viewed(Changing):
    """An automaton that keeps some views of itself: tests see the first, trainings each.

    Args:
        layout: its own.
        fire_rate: chance that a cell updates in a step.
        views: how many are kept.

    Raises:
        ValueError: as `Changing`; ``views`` is below 1.
    """

    readout: Readout

    def __init__(self, layout: Layout, *, fire_rate: float, views: int) -> None:
        super().__init__(layout, fire_rate=fire_rate)
        if views < 1:
            raise ValueError(f"views must be 1 or more, not {views}")
        self.views = views

    @abstractmethod
    def view(self, state: Tensor, number: Tensor) -> Tensor:
        """Return the picture of states from one of the kept views.

        Args:
            state: ``(B, C, H, W)``.
            number: ``(1,)``, int64, of the view.
        """

    def end(self, state: Tensor) -> Tensor:
        """Return the picture of a state from the first view."""
        return self.view(state, torch.zeros(1, dtype=torch.int64, device=state.device))

    def glimpse(self, state: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return pictures of states, each from a view that is drawn evenly for its sample."""
        if self.views == 1:
            return self.end(state)
        drawn = draws.integers("train/view", low=0, high=self.views, samples=samples)
        pairs = zip(state.chunk(len(state)), drawn.chunk(len(state)), strict=True)
        return torch.cat([self.view(one, number) for one, number in pairs])

    def counted_apart(self) -> dict[str, int]:
        """Return the weights of the automaton and of the decoder."""
        return counted(self, self.readout)


def directions(first: Sequence[float], *, count: int) -> list[Tensor]:
    """Return the directions from which something is seen: the first, and others all around.

    None where a model is only outlined, on the meta device.

    >>> [one.tolist() for one in directions((0.0, 0.0, 3.0), count=2)]
    [[0.0, 0.0, 3.0], [1.0, 0.0, 0.0]]
    """
    if torch.empty(0).is_meta:
        return []
    return [torch.tensor(first, device="cpu"), *surface.around(count - 1)]


def angles(direction: Tensor) -> tuple[float, float]:
    """Return the turn and the lift of a camera that stands in a direction from the middle.

    A direction has the volume's axes: down, across and into it.

    >>> angles(torch.tensor([-1.0, 0.0, -1.0])), angles(torch.tensor([0.0, -1.0, -1.0]))
    ((0.0, 0.7853981633974483), (0.7853981633974483, 0.0))
    """
    down, across, into = direction.tolist()
    return math.atan2(0.0 - across, -into), math.atan2(0.0 - down, math.hypot(across, into))
