"""What restores images on the latent grid of an autoencoder, whichever automaton does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.autoencoder import Autoencoder
from ncabench.nca.model import Automaton
from ncabench.nca.state import Layout

START = 0.5  # of the output channels


@dataclass(frozen=True, kw_only=True)
class Grids:
    """The layouts of a latent grid: of the core alone, and with the image beside it.

    Attributes:
        core: its frozen channels are the latent image, its visible ones the restored one.
        whole: the same behind the image's pixels, which are frozen too.
    """

    core: Layout
    whole: Layout


class Restoring(Automaton):
    """A core automaton between an encoder and a decoder.

    Channels of a state are the pixels of the image to restore, those of a latent cell
    together; the image's latent grid; the output, which starts at 0.5; and hidden channels,
    which start at 0. Pixels are there for what the decoder is told beside a latent grid: so a
    state says by itself what it is decoded to, also from a pool. No step reads them; a
    rollout of `core` alone, from a state without its first `carried` channels, is the same
    and does not copy them. The hidden channels are as many as the task's.

    The autoencoder's weights are frozen and its batch norms use what they have gathered,
    also while training; `parameter_count` leaves it out.

    Args:
        layout: the task's. Frozen channels are the image; where there are none, the visible.
        core: built for the layout that `grids` gives.
        autoencoder: for images of the task's visible channels.
    """

    noise = 0.0

    def __init__(self, layout: Layout, core: Automaton, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.layout = self.grid(layout, autoencoder=autoencoder)
        self.image = slice(0, layout.frozen) if layout.frozen else layout.visible_slice
        self.keeps_image, self.hidden = layout.frozen > 0, layout.hidden
        self.carried = self.layout.frozen - autoencoder.latent_channels
        self.core, self.fire_rate = core, core.fire_rate
        self.autoencoder = autoencoder.requires_grad_(False).eval()

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the layout of the latent grid with the image beside it."""
        return grids(layout, given["autoencoder"]).whole

    def train(self, mode: bool = True) -> Restoring:
        """Set the mode of the core; the autoencoder stays as it is in tests."""
        super().train(mode)
        self.autoencoder.eval()
        return self

    def parameter_count(self) -> int:
        """Return the number of the core's weights."""
        return self.core.parameter_count()

    def begin(self, seed: Tensor) -> Tensor:
        """Return the first state of a seed's image; nothing else in the seed is looked at."""
        image = seed[:, self.image]
        with torch.no_grad():
            latent = self.autoencoder.encode(image)
        batch, _, height, width = latent.shape
        pixels = F.pixel_unshuffle(image, self.autoencoder.compression)
        hidden = latent.new_zeros(batch, self.hidden, height, width)
        return torch.cat([pixels, latent, torch.full_like(latent, START), hidden], dim=1)

    def step(
        self,
        state: Tensor,
        *,
        condition: Tensor | None,
        mask: Tensor | None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Return the next state, which is the core's."""
        own = self.core.step(
            state[:, self.carried :], condition=condition, mask=mask, noise=noise
        )
        return torch.cat([state[:, : self.carried], own], dim=1)

    def end(self, state: Tensor) -> Tensor:
        """Return the image, where the task has it, and what the output is decoded to."""
        image = F.pixel_shuffle(state[:, : self.carried], self.autoencoder.compression)
        answer = self.autoencoder.join(
            state[:, self.layout.visible_slice], self.autoencoder.beside(image)
        )
        return torch.cat([image, answer], dim=1) if self.keeps_image else answer

    def reconstruct(self, image: Tensor) -> Tensor:
        """Return the image of an image's code, and of what stands beside it."""
        coder = self.autoencoder
        return coder.join(coder.encode(image), coder.beside(image))

    def codes(self, image: Tensor) -> Tensor | None:
        """Return which codes stand for images, where there are some."""
        return self.autoencoder.codes(image)


def grids(layout: Layout, coder: Autoencoder) -> Grids:
    """Return the layouts of a task's images on a latent grid.

    Raises:
        ValueError: the task has class scores, its images are of other channels than the
            autoencoder's, or a latent cell does not divide the grid's sides.
    """
    if layout.classes:
        raise ValueError("a latent grid has no class scores")
    for name, count in (("visible", layout.visible), ("frozen", layout.frozen)):
        if count != coder.image_channels and (count or name == "visible"):
            raise ValueError(
                f"the autoencoder is for images of {coder.image_channels} channels, "
                f"and the task has {count} {name} ones"
            )
    factor, latent = coder.compression, coder.latent_channels
    if layout.height % factor or layout.width % factor:
        size = f"{layout.height} x {layout.width}"
        raise ValueError(f"H and W must be multiples of {factor}, not {size}")
    pixels = coder.image_channels * factor * factor
    core, whole = (
        Layout(
            height=layout.height // factor,
            width=layout.width // factor,
            frozen=beside + latent,
            visible=latent,
            hidden=layout.hidden,
            condition=layout.condition,
        )
        for beside in (0, pixels)
    )
    return Grids(core=core, whole=whole)
