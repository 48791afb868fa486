"""Restores images by ViTCA on the latent grid of an autoencoder."""

from __future__ import annotations

from typing import Literal

from ncabench.nca.autoencoder import Autoencoder
from ncabench.nca.model._restoring import Restoring, grids
from ncabench.nca.model.ported_vitca import PortedViTCA
from ncabench.nca.state import Layout


class LatentViTCA(Restoring):
    """LNCA with the core ``ported_vitca``.

    An image is encoded, without gradients; the core makes its output of the latent image in
    every step; the output is decoded with the skip connection of the image that was given.
    The autoencoder is frozen.

    Source: LNCA, "Architecture" and figure 1; that cells update synchronously, and the start,
    are those of its code.

    Args:
        layout: the task's. Its frozen channels are the image to restore, or, where there are
            none, its visible ones; as many hidden channels as it has are the core's.
        autoencoder: for images of the task's visible channels.
        embedding: as in ``ported_vitca``.
        heads: likewise.
        mlp: likewise.
        depth: likewise.
        kernel_size: likewise.
        fire_rate: the chance that a cell updates in a step; 1.0 updates all, synchronously.
        epsilon: as in ``ported_vitca``.
        order: likewise.
        init: likewise; of the core alone.
        unfolded: likewise.

    Shape:
        at compression f and Z latent channels `begin` maps ``(B, C, H, W)`` to
        ``(B, V * f * f + 2 * Z + hidden, H / f, W / f)``, `step` keeps that, `end` gives
        ``(B, frozen + visible, H, W)``.

    Raises:
        ValueError: as ``ported_vitca``; the task has class scores, the images are of other
            channels, or f does not divide the grid's sides.

    >>> from ncabench.nca.autoencoder.skip import Skip
    >>> faces = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
    >>> model = LatentViTCA(faces, autoencoder=Skip())
    >>> model.parameter_count(), sum(one.numel() for one in model.parameters())
    (97520, 101201)
    """

    version = 1
    trainers = ("rollout", "latent_restoration", "skip_autoencoder", "stages")
    protocols = ("recovery", "quality", "restoration")

    def __init__(
        self,
        layout: Layout,
        *,
        autoencoder: Autoencoder,
        embedding: int = 128,
        heads: int = 4,
        mlp: int = 64,
        depth: int = 1,
        kernel_size: int = 3,
        fire_rate: float = 1.0,
        epsilon: float = 1e-3,
        order: Literal["split", "interleaved"] = "split",
        init: Literal["glorot", "pytorch"] = "glorot",
        unfolded: bool = False,
    ) -> None:
        core = PortedViTCA(
            grids(layout, autoencoder).core,
            embedding=embedding,
            heads=heads,
            mlp=mlp,
            depth=depth,
            kernel_size=kernel_size,
            fire_rate=fire_rate,
            epsilon=epsilon,
            order=order,
            init=init,
            unfolded=unfolded,
        )
        super().__init__(layout, core, autoencoder)
