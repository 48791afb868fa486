"""Restores images by NAFCA on the latent grid of an autoencoder."""

from __future__ import annotations

from typing import Literal

from ncabench.nca.autoencoder import Autoencoder
from ncabench.nca.model._restoring import Restoring, grids
from ncabench.nca.model.nafca import NAFCA
from ncabench.nca.state import Layout


class LatentNAFCA(Restoring):
    """LNCA with the core ``nafca``; all else is as in ``latent_vitca``.

    Source: LNCA, "Architecture" and figure 1; that cells update synchronously, and the start,
    are those of its code.

    Args:
        layout: the task's. Its frozen channels are the image to restore, or, where there are
            none, its visible ones; as many hidden channels as it has are the core's.
        autoencoder: for images of the task's visible channels.
        fire_rate: the chance that a cell updates in a step; 1.0 updates all, synchronously.
        dropout: only 0, as in ``nafca``.
        init: as in ``nafca``; of the core alone.

    Shape:
        as ``latent_vitca``.

    Raises:
        ValueError: as ``nafca``; the task has class scores, the images are of other channels,
            or the compression does not divide the grid's sides.

    >>> from ncabench.nca.autoencoder.skip import Skip
    >>> faces = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
    >>> model = LatentNAFCA(faces, autoencoder=Skip())
    >>> model.parameter_count(), sum(one.numel() for one in model.parameters())
    (46769, 50450)
    """

    version = 1
    trainers = ("rollout", "latent_restoration", "skip_autoencoder", "stages")
    protocols = ("recovery", "quality", "restoration")

    def __init__(
        self,
        layout: Layout,
        *,
        autoencoder: Autoencoder,
        fire_rate: float = 1.0,
        dropout: float = 0.0,
        init: Literal["glorot", "pytorch"] = "glorot",
    ) -> None:
        core = NAFCA(
            grids(layout, autoencoder).core, fire_rate=fire_rate, dropout=dropout, init=init
        )
        super().__init__(layout, core, autoencoder)
