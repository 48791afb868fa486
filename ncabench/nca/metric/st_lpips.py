"""ST-LPIPS, a perceptual distance that forgives small shifts; it may stand in for LPIPS."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ncabench.nca.metric import Metric
from ncabench.nca.networks.rgb import rgb
from ncabench.nca.networks.shift_tolerant import ShiftTolerant, published

_LEAST_PX = 28


class STLPIPS(Metric):
    """Shift-tolerant LPIPS of the colour channels: a named substitute, never LPIPS itself.

    The weights are those that its authors publish in the package ``stlpips-pytorch``, found
    without importing it, or a copy of its file in PyTorch's folder of downloaded weights.
    They bring the whole network, so no ImageNet weights are needed.

    The network expects colours in [-1, 1]. The default hands it [0, 1] as it is, since
    NCAtorch's code does so with the LPIPS that this stands for.

    Source: Ghildyal and Liu, "Shift-tolerant Perceptual Similarity Metric", ECCV 2022.

    Args:
        net: trunk: AlexNet or VGG-16, both with blurred downsampling.
        rescale: map [0, 1] to [-1, 1] first.

    Shape:
        images and targets ``(B, V, H, W)``, V = 1 (shown three times) or at least 3 (the
        first three); sides of at least 28 px; result ``(B,)``.

    Raises:
        NoData: the weights are missing or damaged.
        ValueError: V is 2, or a side is too short.

    >>> import torch
    >>> STLPIPS()(torch.ones(1, 4, 32, 32), torch.ones(1, 4, 32, 32)).tolist()
    [0.0]
    """

    label = "ST-LPIPS"
    higher_is_better = False
    stands_for = "lpips"

    def __init__(self, *, net: Literal["alex", "vgg"] = "alex", rescale: bool = False) -> None:
        super().__init__()
        self.network = ShiftTolerant(net, published(net, user=f"ST-LPIPS ({net})"))
        self.rescale = rescale

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the ST-LPIPS of each image."""
        seen, wanted = (
            rgb(each, rescale=self.rescale, least_px=_LEAST_PX, user="ST-LPIPS")
            for each in (images, targets)
        )
        distance: Tensor = self.network(seen, wanted)
        return distance
