"""VGG-16 as textures are compared through it: the first activation of each resolution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.networks import imagenet, shift_tolerant
from ncabench.nca.networks.shift_tolerant import BlurPool

Net = Literal["vgg", "st_vgg"]
CHANNELS = {  # layers, the normalised pixels first, and their features
    "pixels": 3,
    "relu1_1": 64,
    "relu2_1": 128,
    "relu3_1": 256,
    "relu4_1": 512,
    "relu5_1": 512,
}
LEAST_PX = 28
MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours in [0, 1]
_CONVOLUTIONS = (2, 2, 3, 3, 3)  # of each resolution


class Vgg16(nn.Module):
    """The layers ``relu1_1`` to ``relu5_1`` of VGG-16, and the normalised pixels before them.

    Layers go by name, since blurred downsampling puts one more layer after each resolution.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015, table 1, column D; the layers are those of NCAtorch's code.

    Args:
        trunk: tensors of a trained network's convolutions, whose names begin with the number
            of the layer, as in ``0.weight`` and ``0.bias``.
        blurred: halve the resolution as the shift-tolerant network does.

    Shape:
        images ``(B, 3, H, W)`` in [0, 1], sides of 28 px or more.

    >>> list(CHANNELS)
    ['pixels', 'relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
    """

    mean: Tensor
    sd: Tensor

    def __init__(self, trunk: Mapping[str, Tensor], *, blurred: bool) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("sd", torch.tensor(SD)[:, None, None])
        numbers = sorted({int(name.partition(".")[0]) for name in trunk if "weight" in name})
        names = _names()
        for name, number in zip(names, numbers[: len(names)], strict=True):
            weight = trunk[f"{number}.weight"].contiguous(memory_format=torch.channels_last)
            self.register_buffer(f"{name}_weight", weight)
            self.register_buffer(f"{name}_bias", trunk[f"{number}.bias"])
        widths = list(CHANNELS.values())[1:-1]
        self.pools = nn.ModuleList(_halving(width, blurred=blurred) for width in widths)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the features of each layer, ``(B, channels, h, w)``, by its name."""
        maps = ((images - self.mean) / self.sd).contiguous(memory_format=torch.channels_last)
        found = {"pixels": maps}
        for name in _names():
            depth, turn = int(name[4]), int(name[6])
            if depth > 1 and turn == 1:
                maps = self.pools[depth - 2](maps)
            weight, bias = (self.get_buffer(f"{name}_{part}") for part in ("weight", "bias"))
            maps = F.conv2d(maps, weight, bias, padding=1).relu()
            if turn == 1:
                found[f"relu{depth}_1"] = maps
        return found


def load(net: Net, *, user: str, instead: str = "") -> Vgg16:
    """Return a trained VGG-16, on the CPU.

    Args:
        net: ``"vgg"``, torchvision's of ImageNet, or ``"st_vgg"``, that of ST-LPIPS.
        user: who needs it, for the message.
        instead: what else a user might do where the first is missing.

    Raises:
        NoData: its weights are missing or damaged.
    """
    if net == "vgg":
        weights = imagenet.features("vgg", user=user, instead=instead)
        trunk = {name.removeprefix("features."): one for name, one in weights.items()}
        return Vgg16(trunk, blurred=False)
    trunk = shift_tolerant.trunk(shift_tolerant.published("vgg", user=user))
    return Vgg16(trunk, blurred=True)


def _names() -> list[str]:
    """Return the names of the convolutions, up to the last that is needed."""
    pairs = enumerate(_CONVOLUTIONS, start=1)
    names = [f"conv{depth}_{turn}" for depth, many in pairs for turn in range(1, many + 1)]
    return names[: names.index("conv5_1") + 1]


def _halving(channels: int, *, blurred: bool) -> nn.Module:
    if not blurred:
        return nn.MaxPool2d(kernel_size=2)
    return nn.Sequential(nn.MaxPool2d(kernel_size=2, stride=1), BlurPool(channels))
