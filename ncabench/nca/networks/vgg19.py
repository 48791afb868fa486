"""VGG-19 up to the last activation before its last pooling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.networks import imagenet

CONVOLUTIONS = (2, 2, 4, 4, 4)  # of each resolution


class Vgg19(nn.Module):
    """The layers of VGG-19 up to ``relu5_4``.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015, table 1, column E.

    Args:
        trunk: tensors of the convolutions, named by the number of their layer, as in
            ``0.weight`` and ``0.bias``.

    Shape:
        `forward` maps ``(B, 3, H, W)`` to ``(B, 512, H / 16, W / 16)``.
    """

    def __init__(self, trunk: dict[str, Tensor]) -> None:
        super().__init__()
        numbers = sorted({int(name.partition(".")[0]) for name in trunk})
        if len(numbers) != sum(CONVOLUTIONS):
            raise ValueError(f"VGG-19 has {sum(CONVOLUTIONS)} convolutions, not {len(numbers)}")
        for turn, number in enumerate(numbers):
            weight = trunk[f"{number}.weight"].contiguous(memory_format=torch.channels_last)
            self.register_buffer(f"weight_{turn}", weight)
            self.register_buffer(f"bias_{turn}", trunk[f"{number}.bias"])

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of images, which are taken as they are."""
        maps = images.contiguous(memory_format=torch.channels_last)
        turn = 0
        for depth, many in enumerate(CONVOLUTIONS):
            if depth:
                maps = F.max_pool2d(maps, kernel_size=2)
            for _ in range(many):
                weight, bias = (
                    self.get_buffer(f"{part}_{turn}") for part in ("weight", "bias")
                )
                maps = F.conv2d(maps, weight, bias, padding=1).relu()
                turn += 1
        return maps


def load(*, user: str, instead: str = "") -> Vgg19:
    """Return torchvision's VGG-19, trained on ImageNet, on the CPU.

    Args:
        user: who needs it, for the message.
        instead: what else a user might do where it is missing.

    Raises:
        NoData: its weights are missing or damaged.
    """
    weights = imagenet.features("vgg19", user=user, instead=instead)
    return Vgg19({name.removeprefix("features."): one for name, one in weights.items()})
