"""The shift-tolerant perceptual distance: AlexNet and VGG-16 with blurred downsampling."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.errors import NoData
from ncabench.nca.networks import trained

Net = Literal["alex", "vgg"]

_PACKAGE = "stlpips_pytorch"
_DIGESTS = {"alex": "b356b382f96010f7", "vgg": "44597da68f49c183"}
_MEND = "python -m pip install stlpips-pytorch --no-deps"


class BlurPool(nn.Module):
    """Halves the resolution after a 3 x 3 binomial blur, reflecting two pixels at the border.

    Source: Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019, section
    3.2 (blur then subsample; the filter "Tri-3"); the two reflected pixels are what the
    weights of Ghildyal and Liu were trained with.

    Args:
        channels: C.

    Shape:
        input ``(B, C, H, W)``, sides of 3 or more; output sides ``(side + 1) // 2 + 1``.

    >>> BlurPool(1)(torch.ones(1, 1, 4, 4))[0, 0].tolist()  # the filter sums to 1
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("filt", (row[:, None] * row).repeat(channels, 1, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Return the blurred maps at half the resolution."""
        padded = F.pad(maps, (2, 2, 2, 2), mode="reflect")
        return F.conv2d(padded, self.filt, stride=2, groups=len(self.filt))


class ShiftTolerant(nn.Module):
    """The distance between two images as a trained network sees them.

    Both images go through the trunk. At five depths, each cell's features are scaled to
    length 1, their squared differences are weighted per channel and summed, and the map is
    averaged over the image; the five averages are added up. The features of the last targets
    are kept, since a rollout is compared with the same targets step after step.

    Source: Ghildyal and Liu, "Shift-tolerant Perceptual Similarity Metric", ECCV 2022,
    section 4; the distance is equation 1 of Zhang et al., "The Unreasonable Effectiveness of
    Deep Features as a Perceptual Metric", CVPR 2018.

    Args:
        net: the trunk.
        weights: tensors of the published file ``<net>_shift_tolerant.pth``.

    Shape:
        images and targets ``(B, 3, H, W)``; result ``(B,)``.

    Raises:
        RuntimeError: ``weights`` are not those of this trunk.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, net: Net, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        with torch.device("meta"):  # no draws: every weight is loaded
            layers, self.taps = _alexnet() if net == "alex" else _vgg16()
        layers.load_state_dict(trunk(weights), assign=True)
        layers.to(memory_format=torch.channels_last)  # a quarter faster on a CPU
        self.layers = layers.requires_grad_(requires_grad=False)
        self._last: tuple[Tensor, list[Tensor]] | None = None
        self.register_buffer("shift", weights["scaling_layer.shift"])
        self.register_buffer("scale", weights["scaling_layer.scale"])
        for depth in range(len(self.taps)):
            self.register_buffer(f"lin{depth}", weights[f"lin{depth}.model.1.weight"])

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the distance of each pair."""
        return self._weighted(self._features(images), self._features_of_targets(targets))

    def apart(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the same, and keep nothing, so that nothing waits for the device."""
        return self._weighted(self._features(images), self._features(targets))

    def _weighted(self, seen: list[Tensor], wanted: list[Tensor]) -> Tensor:
        pairs = zip(seen, wanted, strict=True)
        weighted = [
            F.conv2d((here - there).square(), self.get_buffer(f"lin{depth}"))
            for depth, (here, there) in enumerate(pairs)
        ]
        return torch.stack([one.mean(dim=(1, 2, 3)) for one in weighted]).sum(dim=0)

    def _features(self, images: Tensor) -> list[Tensor]:
        """Return what is compared at each depth, of length 1 in every cell."""
        maps = (images - self.shift) / self.scale
        maps = maps.contiguous(memory_format=torch.channels_last)
        found = []
        for index, layer in enumerate(self.layers):
            maps = layer(maps)
            if index in self.taps:
                length = torch.linalg.vector_norm(maps, dim=1, keepdim=True)
                found.append(maps / (length + 1e-10))
        return found

    def _features_of_targets(self, targets: Tensor) -> list[Tensor]:
        if self._last is not None:
            known, features = self._last
            if known.device == targets.device and torch.equal(known, targets):
                return features
        features = self._features(targets)
        if not targets.requires_grad:
            self._last = (targets.clone(), features)
        return features


def published(net: Net, *, user: str) -> dict[str, Tensor]:
    """Return the tensors of the published file ``<net>_shift_tolerant.pth``, on the CPU.

    It is looked for in the installed package ``stlpips-pytorch``, which is not imported, and
    in PyTorch's folder of downloaded weights.

    Args:
        net: the trunk.
        user: who needs it, for the message.

    Raises:
        NoData: the file is missing or damaged.
    """
    path = _find(f"{net}_shift_tolerant.pth", user=user)
    return trained.load(path, expected=_DIGESTS[net], user=user, mend=_MEND)


def _find(name: str, *, user: str) -> Path:
    package = util.find_spec(_PACKAGE)
    inside = (package and package.submodule_search_locations) or []
    places = [Path(place) / "weights" / "vST0.0" for place in inside] + [trained.folder()]
    for place in places:
        if (place / name).is_file():
            return place / name
    looked = " or ".join(str(place) for place in places)
    raise NoData(f"{user} needs the trained weights {name}, looked for in {looked}", mend=_MEND)


def trunk(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename ``net.slice2.5.weight`` to ``5.weight``: layers are numbered through."""
    named = {name: value for name, value in weights.items() if name.startswith("net.slice")}
    return {name.split(".", maxsplit=2)[2]: value for name, value in named.items()}


def _alexnet() -> tuple[nn.Sequential, tuple[int, ...]]:
    """AlexNet whose strides became blur-pools, and the layers whose output is compared."""
    layers = nn.Sequential(
        nn.Conv2d(3, 64, kernel_size=11, padding=2),
        BlurPool(64),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=1),
        BlurPool(64),
        nn.Conv2d(64, 192, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=1),
        BlurPool(192),
        nn.Conv2d(192, 384, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, kernel_size=3, padding=1),
        nn.ReLU(),
    )
    return layers, (2, 6, 10, 12, 14)


def _vgg16() -> tuple[nn.Sequential, tuple[int, ...]]:
    """VGG-16 likewise, compared at the last activation of each resolution."""
    layers: list[nn.Module] = []
    taps = []
    channels = 3
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        if layers:
            layers += [nn.MaxPool2d(kernel_size=2, stride=1), BlurPool(channels)]
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU()]
            channels = width
        taps.append(len(layers) - 1)
    return nn.Sequential(*layers), tuple(taps)
