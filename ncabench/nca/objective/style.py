"""The style loss of textures: features of VGG-16 and sliced optimal transport."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.losses.sliced_transport import directions, quantiles, sliced_transport
from ncabench.nca.networks import vgg
from ncabench.nca.objective import Objective


class Style(Objective):
    """Sliced optimal transport between the features that VGG-16 has of answer and lesson.

    Six layers count alike: the normalised pixels, and ``relu1_1`` to ``relu5_1``. Where in
    the image a feature stands does not count. The directions are drawn anew in each
    iteration. It is averaged over samples, directions and cells, and added up over layers;
    see `ncabench.nca.losses.sliced_transport`.

    Source: NCAtorch, section 3.2, equation 5; layers and number of directions are those of
    its code, which sums where this averages.

    Args:
        net: ``"vgg"``, trained on ImageNet, or the substitute ``"st_vgg"``, the one of
            ST-LPIPS, whose downsampling is blurred.
        projections: directions for each layer.

    Raises:
        ValueError: ``projections`` is below 1.

    >>> Style(projections=0)
    Traceback (most recent call last):
    ValueError: projections must be at least 1, not 0
    """

    version = 1

    def __init__(self, *, net: Literal["vgg", "st_vgg"] = "vgg", projections: int = 32) -> None:
        if projections < 1:
            raise ValueError(f"projections must be at least 1, not {projections}")
        self.net: vgg.Net = net
        self.projections = projections
        self.network: vgg.Vgg16 | None = None

    def prepare(self, device: torch.device) -> None:
        """Load the network."""
        instead = "name the substitute: --set train.loss.net=st_vgg"
        loaded = vgg.load(self.net, user=f"the style loss ({self.net})", instead=instead)
        self.network = loaded.to(device)

    def __call__(
        self, answer: Tensor, lesson: Tensor, *, draws: Draws, index: Tensor
    ) -> Tensor:
        """Return the loss of RGB images, averaged over samples."""
        assert self.network is not None, "prepare comes first"
        along = {
            layer: directions(
                channels,
                count=self.projections,
                draws=draws,
                purpose=f"objective/style/{layer}",
                device=answer.device,
                index=index,
            )
            for layer, channels in vgg.CHANNELS.items()
        }
        with torch.no_grad():
            wanted = self._quantiles(self.network, lesson, along)
        return sliced_transport(self._quantiles(self.network, answer, along), wanted).mean()

    def _quantiles(
        self, network: vgg.Vgg16, images: Tensor, along: dict[str, Tensor]
    ) -> list[Tensor]:
        features = network(images.float())
        return [quantiles(maps, along[layer]) for layer, maps in features.items()]
