"""A neural cellular automaton whose cells perceive where on the grid they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ncabench.nca.model.nca import NCA
from ncabench.nca.perception import Perception
from ncabench.nca.state import Layout
from ncabench.nca.update import Update
from ncabench.nca.weights import Keyed

PLANES = 2  # down and across


class Positional(NCA):
    """The automaton ``nca``, whose perception is also shown a learned map of the grid.

    The map has two values for each cell. They start as the cell's coordinates, down and
    across, from -1 to 1, and are trained, and so is the scalar whose tanh they are multiplied
    by. They are no part of the state, and stand after the condition. A map is of one grid: a
    model cannot be rolled out at another size.

    Source: NCAtorch's code, the positional embedding of its MovingMNIST configuration (the
    paper does not mention it). That the first plane is down is ncabench's choice.

    Args:
        layout: what the channels mean.
        perception: built for the channels of `grid`: two more than ``nca`` has.
        update: as in ``nca``.
        fire_rate: as in ``nca``, and so are all others.
        clamp: keep all channels within -1 and 1.
        noise: standard deviation of the noise; 0 for none.
        noise_at: where noise is added.
        normalise: divide each sample by its standard deviation.
        step_size: factor on the change.

    Shape:
        `step` maps ``(B, C, H, W)`` to ``(B, C, H, W)``, H and W being the layout's.

    Raises:
        ValueError: as ``nca``.

    >>> from ncabench.nca.perception.conv import Conv
    >>> from ncabench.nca.update.mlp import MLP
    >>> layout = Layout(height=64, width=64, visible=3, hidden=29)
    >>> parts = Conv(Positional.grid(layout).perceived), MLP(80, 32)
    >>> placed, plain = Positional(layout, *parts), NCA(layout, *parts)
    >>> placed.parameter_count() - plain.parameter_count()  # 2 * 64 * 64 + 1
    8193
    """

    version = 1
    parts = ("perception", "update")
    trainers = ("rollout", "wgan_gp")
    protocols = ("video", "quality")

    def __init__(
        self,
        layout: Layout,
        perception: Perception,
        update: Update,
        *,
        fire_rate: float = 0.5,
        clamp: bool = False,
        noise: float = 0.0,
        noise_at: Literal["state", "update"] = "state",
        normalise: bool = False,
        step_size: float = 1.0,
    ) -> None:
        super().__init__(
            layout,
            _Placed(perception, height=layout.height, width=layout.width),
            update,
            fire_rate=fire_rate,
            clamp=clamp,
            noise=noise,
            noise_at=noise_at,
            normalise=normalise,
            step_size=step_size,
        )

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:  # noqa: ARG003 -- the contract's
        """Return the layout that the perception is built for: with the map's planes."""
        return replace(layout, condition=layout.condition + PLANES)


class _Placed(Perception):
    """A perception that is shown a learned map of the grid beside its input.

    Args:
        inner: a perception of the input's channels and the map's two.
        height: H of the grid.
        width: W of the grid.

    Shape:
        input ``(B, C, H, W)``; output ``(B, inner.out_channels, H, W)``.

    >>> from ncabench.nca.perception.sobel import Sobel
    >>> placed = _Placed(Sobel(3), height=2, width=3)
    >>> placed.map[:, 0].tolist()  # of the first row: how far down, how far across
    [[-1.0, -1.0, -1.0], [-1.0, 0.0, 1.0]]
    """

    def __init__(self, inner: Perception, *, height: int, width: int) -> None:
        super().__init__()
        self.inner = inner
        self.out_channels = inner.out_channels
        self.map = nn.Parameter(_coordinates(height, width))  # (2, H, W)
        self.weight = nn.Parameter(torch.ones(()))

    def initialise(self, keyed: Keyed) -> None:  # noqa: ARG002 -- nothing is drawn
        """Start the map from coordinates and its weight from 1."""
        height, width = self.map.shape[1:]
        self.map.copy_(_coordinates(height, width))
        self.weight.fill_(1.0)

    def forward(self, state: Tensor) -> Tensor:
        """Return the percepts of the state and of the map."""
        shown = (self.map * self.weight.tanh()).to(state.dtype)
        planes = shown.expand(len(state), -1, -1, -1)
        percepts: Tensor = self.inner(torch.cat([state, planes], dim=1))
        return percepts


def _coordinates(height: int, width: int) -> Tensor:
    down = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    across = torch.linspace(-1, 1, width).expand(height, width)
    return torch.stack([down, across])
