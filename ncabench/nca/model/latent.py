"""An automaton on the latent grid of an autoencoder, for images too large for one of pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ncabench.nca.autoencoder import Autoencoder
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception import Perception
from ncabench.nca.state import Layout
from ncabench.nca.update import Update


class Latent(NCA):
    """The automaton ``nca`` on a latent grid; the task is of images.

    `begin` encodes the visible channels of the seed state, without gradients; `step` changes
    all latent channels, and every cell lives; `end` decodes, and hands the gradient of an
    error in pixels on to the automaton. The autoencoder's weights are frozen, a trainer
    ``autoencoder`` aside, and `parameter_count` leaves them out.

    Source: NCAtorch, section 3.1.4 and algorithm 2; that no cell dies is its code's.

    Args:
        layout: the task's; it has visible and hidden channels, and the hidden ones are not
            used.
        perception: built for the channels of `grid`, and of the condition.
        update: built for the perception's percepts and the channels of `grid`.
        autoencoder: for images of the task's visible channels.
        fire_rate: the chance that a cell updates in a step.
        noise: standard deviation of the noise on the state; 0 for none.
        step_size: factor on the change.

    Shape:
        at compression f and Z latent channels `begin` maps ``(B, C, H, W)`` to
        ``(B, Z, H / f, W / f)``, `step` keeps that, `end` gives ``(B, visible, H, W)``.

    Raises:
        ValueError: as ``nca``; the task has frozen channels or class scores, the images are
            of other channels, or f does not divide the grid's sides.

    >>> from ncabench.nca.autoencoder.vqvae import VQVAE
    >>> from ncabench.nca.perception.conv import Conv
    >>> from ncabench.nca.update.mlp import MLP
    >>> coder = VQVAE(base=4, groups=2)  # 64 latent channels, 8 pixels a cell
    >>> image = Layout(height=16, width=16, visible=4)
    >>> parts = Conv(64, kernel_size=5, out_channels=256), MLP(256, 64, hidden=256)
    >>> model = Latent(image, *parts, autoencoder=coder)
    >>> model.parameter_count(), model.begin(torch.zeros(1, 4, 16, 16)).shape
    (492096, torch.Size([1, 64, 2, 2]))
    """

    version = 1
    parts = ("perception", "update")
    trainers = ("rollout", "latent_rollout", "wgan_gp", "autoencoder", "stages")
    protocols = ("recovery", "quality", "inpainting")

    def __init__(
        self,
        layout: Layout,
        perception: Perception,
        update: Update,
        *,
        autoencoder: Autoencoder,
        fire_rate: float = 0.5,
        noise: float = 0.0,
        step_size: float = 1.0,
    ) -> None:
        super().__init__(
            self.grid(layout, autoencoder=autoencoder),
            perception,
            update,
            fire_rate=fire_rate,
            noise=noise,
            step_size=step_size,
        )
        self.visible = layout.visible_slice
        self.autoencoder = autoencoder.requires_grad_(False)

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the latent layout: every channel counts as visible, and nothing dies."""
        coder: Autoencoder = given["autoencoder"]
        if layout.frozen or layout.classes:
            raise ValueError("a latent grid has no frozen channels and no class scores")
        if layout.visible != coder.image_channels:
            raise ValueError(
                f"the autoencoder is for images of {coder.image_channels} channels, "
                f"and the task's have {layout.visible}"
            )
        factor = coder.compression
        if layout.height % factor or layout.width % factor:
            size = f"{layout.height} x {layout.width}"
            raise ValueError(f"H and W must be multiples of {factor}, not {size}")
        return Layout(
            height=layout.height // factor,
            width=layout.width // factor,
            visible=coder.latent_channels,
            condition=layout.condition,
        )

    def parameter_count(self) -> int:
        """Return the number of the automaton's own weights."""
        coder = sum(one.numel() for one in self.autoencoder.parameters())
        return super().parameter_count() - coder

    def begin(self, seed: Tensor) -> Tensor:
        """Return the code of the seed state's image."""
        with torch.no_grad():
            return self.autoencoder.encode(seed[:, self.visible])

    def end(self, state: Tensor) -> Tensor:
        """Return the image of a state."""
        return self.autoencoder.decode(state)

    def reconstruct(self, image: Tensor) -> Tensor:
        """Return the image of an image's code."""
        return self.end(self.begin(image))

    def codes(self, image: Tensor) -> Tensor | None:
        """Return which codes stand for images, ``(B, H / f, W / f)``, where there are some."""
        return self.autoencoder.codes(image)
