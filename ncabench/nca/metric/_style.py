"""What the style metrics have in common: one network each, and directions that never change."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.losses.sliced_transport import directions, quantiles, sliced_transport
from ncabench.nca.metric import Metric
from ncabench.nca.networks import vgg
from ncabench.nca.networks.rgb import rgb

DRAWN_FROM = 0  # the rng_seed of the directions, the same in every evaluation


class StyleMetric(Metric):
    """Sliced optimal transport between features of images and targets, along fixed directions.

    What the last targets gave is kept, since a rollout is compared with the same ones step
    after step.

    Args:
        net: the network; see `ncabench.nca.networks.vgg.load`.
        projections: directions for each layer.
        instead: what a user might do where the network's weights are missing.

    Raises:
        NoData: the network's weights are missing or damaged.
        ValueError: ``projections`` is below 1.
    """

    higher_is_better = False

    def __init__(self, net: vgg.Net, *, projections: int, instead: str = "") -> None:
        super().__init__()
        if projections < 1:
            raise ValueError(f"projections must be at least 1, not {projections}")
        self.network = vgg.load(net, user=self.label, instead=instead)
        for layer, channels in vgg.CHANNELS.items():
            drawn = directions(
                channels,
                count=projections,
                draws=Draws(DRAWN_FROM),
                purpose=f"metric/style/{layer}",
            )
            self.register_buffer(f"along_{layer}", drawn)
        self._last: tuple[Tensor, list[Tensor]] | None = None

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the style loss of each image."""
        return sliced_transport(self._quantiles(images), self._wanted(targets))

    def _quantiles(self, images: Tensor) -> list[Tensor]:
        shown = rgb(images, rescale=False, least_px=vgg.LEAST_PX, user=self.label)
        features = self.network(shown)
        return [
            quantiles(maps, self.get_buffer(f"along_{layer}"))
            for layer, maps in features.items()
        ]

    def _wanted(self, targets: Tensor) -> list[Tensor]:
        if self._last is not None:
            known, found = self._last
            if known.device == targets.device and torch.equal(known, targets):
                return found
        found = self._quantiles(targets)
        if not targets.requires_grad:
            self._last = (targets.clone(), found)
        return found
