"""The squared distance of two images as VGG-19 sees them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.networks import vgg, vgg19
from ncabench.nca.objective import Objective

COLOURS = 3


class Features(Objective):
    """The sum of squared differences of features, averaged over samples.

    The features are those of VGG-19's last activation before its last pooling, of the first
    three channels, which are taken as they are, not normalised.

    Source: NCAtorch's code, the loss of its variational autoencoder.

    Args:
        net: ``"vgg19"``, trained on ImageNet, or the substitute ``"st_vgg"``: ``relu5_1`` of
            ST-LPIPS's VGG-16, whose colours are normalised and whose downsampling is blurred.

    >>> Features().net
    'vgg19'
    """

    version = 1

    def __init__(self, *, net: Literal["vgg19", "st_vgg"] = "vgg19") -> None:
        self.net: Literal["vgg19", "st_vgg"] = net
        self.network: nn.Module | None = None

    def prepare(self, device: torch.device) -> None:
        """Load the network."""
        user = f"the feature loss ({self.net})"
        if self.net == "vgg19":
            instead = 'do without it (features = "none") or name the substitute, net = "st_vgg"'
            self.network = vgg19.load(user=user, instead=instead).to(device)
        else:
            self.network = vgg.load(self.net, user=user).to(device)

    def __call__(
        self,
        answer: Tensor,
        lesson: Tensor,
        *,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        index: Tensor,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return the sum for RGB or RGBA images, averaged over samples."""
        with torch.no_grad():
            wanted = self._seen(lesson)
        apart = (self._seen(answer) - wanted).square()
        return apart.sum(dim=(1, 2, 3)).mean()

    def _seen(self, images: Tensor) -> Tensor:
        assert self.network is not None, "prepare comes first"
        found = self.network(images[:, :COLOURS].float())
        maps: Tensor = found if isinstance(found, Tensor) else found["relu5_1"]
        return maps
