"""LPIPS, the learned perceptual distance between image patches."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.metric import Metric
from ncabench.nca.networks import imagenet
from ncabench.nca.networks.rgb import rgb

_LEAST_PX = {"alex": 31, "vgg": 16, "squeeze": 17}  # below, the trunk has no cell left


class LPIPS(Metric):
    """Learned perceptual image patch similarity, version 0.1, of the colour channels.

    The ``lpips`` package's network with its calibrated weights. The trunk's ImageNet weights
    are torchvision's; see ``ncabench.nca.networks.imagenet`` for where they are looked for.

    The network expects colours in [-1, 1]. NCAtorch's code hands it [0, 1] as it is, which
    gives other, smaller values; ``rescale`` says which. Values with different ``net`` or
    ``rescale`` cannot be compared.

    Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", CVPR 2018, equation 1. NCAtorch, table 1, names LPIPS and not the trunk; its code
    has AlexNet and no rescaling. ViTCA's code: VGG-16, rescaled.

    Args:
        net: trunk: AlexNet, VGG-16 or SqueezeNet 1.1.
        rescale: map [0, 1] to [-1, 1] first.

    Shape:
        images and targets ``(B, V, H, W)``, V = 1 (shown three times) or at least 3 (the
        first three); sides of at least 31, 16 or 17 px for the three trunks; result ``(B,)``.

    Raises:
        NoData: the trunk's weights are missing and cannot be downloaded, or are damaged.
        ValueError: V is 2, or a side is too short.

    >>> LPIPS.label, LPIPS.higher_is_better
    ('LPIPS', False)
    """

    label = "LPIPS"
    higher_is_better = False

    def __init__(
        self, *, net: Literal["alex", "vgg", "squeeze"] = "alex", rescale: bool = False
    ) -> None:
        super().__init__()
        trunk = imagenet.features(
            net,
            user=f"LPIPS ({net})",
            instead="name the substitute: --set metric.NAME.kind=st_lpips",
        )
        self.net = net
        self.rescale = rescale
        self.network = network(net, trunk)

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the LPIPS of each image."""
        seen, wanted = (
            rgb(each, rescale=self.rescale, least_px=_LEAST_PX[self.net], user="LPIPS")
            for each in (images, targets)
        )
        distance: Tensor = self.network(seen, wanted)  # (B, 1, 1, 1)
        return distance.flatten()


def network(net: str, trunk: Mapping[str, Tensor]) -> Any:
    """Build the package's network around a trunk, drawing nothing and downloading nothing."""
    import lpips  # here: importing it takes seconds

    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, on an argument the package passes
        made = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
    calibration = Path(lpips.__file__).parent / "weights" / "v0.1" / f"{net}.pth"
    known = torch.load(calibration, map_location="cpu", weights_only=True)
    known |= {f"scaling_layer.{k}": v for k, v in lpips.ScalingLayer().state_dict().items()}
    names = made.state_dict()
    made.load_state_dict({name: _weight(name, known, trunk) for name in names}, assign=True)
    return made.requires_grad_(requires_grad=False).eval()


def _weight(name: str, known: Mapping[str, Tensor], trunk: Mapping[str, Tensor]) -> Tensor:
    if name.startswith("net.slice"):  # net.slice2.3.weight is features.3.weight
        return trunk[f"features.{name.split('.', maxsplit=2)[2]}"]
    return known[name.replace("lins.", "lin")]  # lins.0 is lin0 under a second name
