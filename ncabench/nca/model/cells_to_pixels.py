"""An automaton of few cells, whose states a small network turns into many pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.decoder import Decoder
from ncabench.nca.model._rendered import check_visible, counted
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception import Perception
from ncabench.nca.rendering import plane
from ncabench.nca.state import Layout, living
from ncabench.nca.update import Update


class CellsToPixels(NCA):
    """The automaton ``nca`` on a grid with ``scale`` pixels along each side of a cell.

    The task is of images. `begin` gives a cell the pixel of its square that is furthest from
    zero, channel by channel, so that one living pixel is one living cell and an even seed stays
    as it is. `step` is the one of ``nca``: where the task's layout has an alive channel, cells
    that do not live before and after it are zero. `end` renders: states are interpolated, and
    the decoder makes an image of them, pixel by pixel; where cells may die, what lies further
    than a pixel from an interpolated state that lives is zero.

    The same weights render at any other scale, by `render`.

    Source: Cells to Pixels, sections "NCA" and "LPPN" and table 1; its numbers of weights need
    the perception ``stencil``, the update ``relu_mlp`` and the decoder ``lppn``.

    Args:
        layout: the task's; it has visible and hidden channels. All of them are channels of a
            cell, and as many as are visible are rendered.
        perception: built for the channels of `grid`.
        update: built for the perception's percepts and the channels of `grid`.
        decoder: makes what looks at pixels.
        scale: pixels along each side of a cell.
        fire_rate: the chance that a cell updates in a step.

    Shape:
        at scale S `begin` maps ``(B, C, H, W)`` to ``(B, C, H / S, W / S)``, `step` keeps that,
        `end` gives ``(B, visible, H, W)``.

    Raises:
        ValueError: as ``nca``; the task has frozen channels or class scores, or nothing
            visible; ``scale`` is below 1 or does not divide the grid's sides.

    >>> from ncabench.nca.decoder.lppn import LPPN
    >>> from ncabench.nca.perception.stencil import Stencil
    >>> from ncabench.nca.update.relu_mlp import ReLUMLP
    >>> image = Layout(height=768, width=768, visible=4, hidden=28, alive=3)
    >>> parts = Stencil(32), ReLUMLP(128, 32, hidden=256)
    >>> model = CellsToPixels(image, *parts, decoder=LPPN(width=64, harmonics=1), scale=8)
    >>> model.layout.height, model.parameter_count()  # 41,216 and 10,948
    (96, 52164)
    """

    version = 1
    parts = ("perception", "update")
    trainers = ("rollout", "pixel_rollout", "textured_rollout")
    protocols = ("recovery", "quality", "regeneration", "resolutions", "swap")

    def __init__(
        self,
        layout: Layout,
        perception: Perception,
        update: Update,
        *,
        decoder: Decoder,
        scale: int = 8,
        fire_rate: float = 0.5,
    ) -> None:
        own = self.grid(layout, scale=scale)
        super().__init__(own, perception, update, fire_rate=fire_rate)
        self.scale = scale
        self.readout = decoder.make(own.channels, outputs=own.visible, axes=2)

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the layout of the cells: the task's channels on fewer of them."""
        scale: int = given.get("scale", 8)
        plane.check_scale(scale)
        check_visible(layout)
        if layout.height % scale or layout.width % scale:
            size = f"{layout.height} x {layout.width}"
            raise ValueError(f"H and W must be multiples of {scale}, not {size}")
        return replace(layout, height=layout.height // scale, width=layout.width // scale)

    def counted_apart(self) -> dict[str, int]:
        """Return the weights of the automaton and of the decoder."""
        return counted(self, self.readout)

    def begin(self, seed: Tensor) -> Tensor:
        """Return the cells of a seed state of pixels."""
        highest, lowest = F.max_pool2d(seed, self.scale), -F.max_pool2d(-seed, self.scale)
        return torch.where(highest >= -lowest, highest, lowest)

    def end(self, state: Tensor) -> Tensor:
        """Return the image of a state."""
        return self.render(state)

    def render(self, state: Tensor, *, scale: int | None = None) -> Tensor:
        """Return the image of a state at any scale.

        Args:
            state: ``(B, C, h, w)``, of any number of cells.
            scale: pixels along each side of a cell; None is the model's own.

        Shape:
            result ``(B, visible, scale h, scale w)``.

        Raises:
            ValueError: ``scale`` is below 1.
        """
        scale = self.scale if scale is None else scale
        fine = plane.interpolated(state, scale=scale)
        height, width = state.shape[-2:]
        told = plane.tiled(scale, height=height, width=width, device=state.device)
        image: Tensor = self.readout(fine.movedim(1, -1), told).movedim(-1, 1)
        alive = self.layout.alive
        return image if alive is None else image * living(fine, channel=alive)
