"""An automaton on the vertices of a sphere, of which a patch is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.decoder import Decoder
from ncabench.nca.model._changing import Changing
from ncabench.nca.model._rendered import check_visible, counted, evenly
from ncabench.nca.rendering import surface
from ncabench.nca.rendering.mesh import icosphere
from ncabench.nca.state import Layout
from ncabench.nca.update.relu_mlp import ReLUMLP

REACH = 0.4
AHEAD = (0.3, 0.5, 0.8)


class MeshToPixels(Changing):
    """Cells of an icosphere sense their neighbours; within triangles a picture is made.

    The task is of images, and has no place for a mesh. So cells stand as a grid all the same,
    one row of all vertices. Whatever looks at single cells (masks, pools, updates) works on it
    as on any other; only `step` and `render` know who is whose neighbour, and no protocol that
    damages a shape on the grid is named. `begin` gives every cell the mean of the seed over all
    pixels, so that an even seed stays as it is. `end` renders one patch of the sphere.

    A pixel is decoded of the states of its triangle's corners, mixed, and of where in the
    triangle it lies. Every cell lives.

    Source: Cells to Pixels, table 1, "mesh"; which patch `end` renders is ncabench's.

    Args:
        layout: the task's; it has visible and hidden channels. All of them are channels of a
            cell, and as many as are visible are seen.
        decoder: makes what looks at points.
        subdivision: n of the icosphere, which has 10 n * n + 2 vertices.
        hidden: width of the update.
        fire_rate: the chance that a cell updates in a step.

    Shape:
        with V vertices `begin` maps ``(B, C, H, W)`` to ``(B, C, 1, V)``, `step` keeps that,
        `end` gives ``(B, visible, H, W)``.

    Raises:
        ValueError: ``fire_rate`` is not in (0, 1]; ``subdivision`` is below 1; the task has
            frozen channels or class scores, or nothing visible; in `step`, a condition is
            missing or not read.

    >>> from ncabench.nca.decoder.lppn import LPPN
    >>> image = Layout(height=1024, width=1024, visible=3, hidden=13)
    >>> model = MeshToPixels(image, decoder=LPPN())
    >>> model.layout.width, model.parameter_count()  # 12,416 and 2,851
    (40962, 15267)
    """

    version = 1
    trainers = ("rollout", "textured_rollout")
    protocols = ("quality",)
    table: Tensor  # (V, N), whom a vertex senses
    weights: Tensor  # (V, N, 4), how much
    triangles: Tensor  # (F, 3)
    corners: Tensor  # (H, W, 3), vertices around each pixel
    shares: Tensor  # (H, W, 3), how much of each

    def __init__(
        self,
        layout: Layout,
        *,
        decoder: Decoder,
        subdivision: int = 64,
        hidden: int = 128,
        fire_rate: float = 0.5,
    ) -> None:
        own = self.grid(layout, subdivision=subdivision)
        super().__init__(own, fire_rate=fire_rate)
        self.subdivision = subdivision
        sphere = icosphere(subdivision)
        table, weights = surface.senses(sphere)
        self.register_buffer("table", table, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        triangles = torch.from_numpy(sphere.triangles)
        self.register_buffer("triangles", triangles, persistent=False)
        size = {"height": layout.height, "width": layout.width}
        ahead = torch.tensor(AHEAD, device="cpu")
        for name, one in self._patch(ahead, **size, reach=REACH).items():
            self.register_buffer(name, one, persistent=False)
        self.update = ReLUMLP(surface.KERNELS * own.perceived, own.channels, hidden=hidden)
        self.readout = decoder.make(own.channels, outputs=own.visible, axes=3)

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the layout of the vertices, in one row, in which every cell lives."""
        subdivision: int = given.get("subdivision", 64)
        check_visible(layout)
        if subdivision < 1:
            raise ValueError(f"subdivision must be 1 or more, not {subdivision}")
        return replace(layout, height=1, width=10 * subdivision**2 + 2, alive=None)

    def counted_apart(self) -> dict[str, int]:
        """Return the weights of the automaton and of the decoder."""
        return counted(self, self.readout)

    def begin(self, seed: Tensor) -> Tensor:
        """Return vertices of the seed state's mean."""
        return evenly(seed, layout=self.layout)

    def change(self, shown: Tensor) -> Tensor:
        """Return what the update makes of the sums over each vertex's neighbours."""
        sensed = surface.percepts(shown[:, :, 0], self.table, self.weights)
        change: Tensor = self.update(sensed[:, :, None])
        return change

    def end(self, state: Tensor) -> Tensor:
        """Return the picture of a state."""
        return self._seen(state, self.corners, self.shares)

    def render(
        self, state: Tensor, *, centre: Tensor, height: int, width: int, reach: float = REACH
    ) -> Tensor:
        """Return a patch of the sphere, of any place and size.

        Args:
            state: as `begin` returns it.
            centre: ``(3,)``, the direction of the patch's middle.
            height: rows of pixels.
            width: columns of pixels.
            reach: from the middle to the nearer border; see ``surface.patch``.

        Shape:
            result ``(B, visible, height, width)``.
        """
        ahead = centre.to(state.device)
        return self._seen(state, **self._patch(ahead, height=height, width=width, reach=reach))

    def _patch(
        self, centre: Tensor, *, height: int, width: int, reach: float
    ) -> dict[str, Tensor]:
        """Return the corners around each pixel of a patch, and how much of each."""
        ways = surface.patch(centre, height=height, width=width, reach=reach)
        number, shares = surface.located(ways.flatten(0, 1), subdivision=self.subdivision)
        corners = self.triangles[number]
        return {
            name: one.view(height, width, 3)
            for name, one in (("corners", corners), ("shares", shares))
        }

    def _seen(self, state: Tensor, corners: Tensor, shares: Tensor) -> Tensor:
        mixed = surface.interpolated(state[:, :, 0], corners, shares)
        seen: Tensor = self.readout(mixed, surface.local(shares))  # (B, height, width, K)
        return seen.movedim(-1, 1)
