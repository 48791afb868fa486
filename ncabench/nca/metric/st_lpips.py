"""ST-LPIPS, a perceptual distance that forgives small shifts; it may stand in for LPIPS."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import Literal

from torch import Tensor

from ncabench.errors import NoData
from ncabench.nca.metric import Metric
from ncabench.nca.networks import trained
from ncabench.nca.networks.rgb import rgb
from ncabench.nca.networks.shift_tolerant import ShiftTolerant

_PACKAGE = "stlpips_pytorch"
_DIGESTS = {"alex": "b356b382f96010f7", "vgg": "44597da68f49c183"}
_LEAST_PX = 28
_MEND = "python -m pip install stlpips-pytorch --no-deps"


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
        user = f"ST-LPIPS ({net})"
        path = _find(f"{net}_shift_tolerant.pth", user=user)
        weights = trained.load(path, expected=_DIGESTS[net], user=user, mend=_MEND)
        self.network = ShiftTolerant(net, weights)
        self.rescale = rescale

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the ST-LPIPS of each image."""
        seen, wanted = (
            rgb(each, rescale=self.rescale, least_px=_LEAST_PX, user="ST-LPIPS")
            for each in (images, targets)
        )
        distance: Tensor = self.network(seen, wanted)
        return distance


def _find(name: str, *, user: str) -> Path:
    package = util.find_spec(_PACKAGE)
    inside = (package and package.submodule_search_locations) or []
    places = [Path(place) / "weights" / "vST0.0" for place in inside] + [trained.folder()]
    for place in places:
        if (place / name).is_file():
            return place / name
    looked = " or ".join(str(place) for place in places)
    raise NoData(f"{user} needs the trained weights {name}, looked for in {looked}", mend=_MEND)
