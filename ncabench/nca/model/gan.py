"""The GAN that NCAtorch compares automata with: a U-Net and a critic of patches."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ncabench.nca.model import OnePass
from ncabench.nca.model.unet import UNet
from ncabench.nca.state import Layout, spread


class GAN(OnePass):
    """The generator of ``unet``, and a critic that training holds against it.

    The critic sees an answer beside the planes of its condition. Its convolutions are 4x4
    with padding 1 and biases, of 64, 128, 256 (stride 2), 512 and 1 (stride 1) channels,
    with a leaky ReLU (0.2) between them and no normalisation. It gives a map of logits, one
    for each patch of 70x70 cells: 8x8 of them for a grid of 80x80, 2x2 for 32x32.

    Source: NCAtorch, tables 1 and 6, which print the generator's parameter counts only; the
    critic is Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017, section 3.2.2, without its normalisation. The memory of table 6
    (GAN less U-Net) fits a critic of this size.

    Args:
        layout: what the generator reads and answers, as in ``unet``.
        base: the generator's width at full resolution.

    Shape:
        as ``unet``; `scores` gives ``(B, 1, H/8 - 2, W/8 - 2)``, H and W at least 24.

    Raises:
        ValueError: H or W is not a multiple of 4, or a condition is missing or not read.

    >>> emoji = Layout(height=80, width=80, visible=4, hidden=12, condition=5, alive=3)
    >>> model = GAN(emoji, base=6)
    >>> model.parameter_count()  # without the critic
    24946
    >>> model.scores(torch.zeros(2, 4, 80, 80), torch.eye(5)[:2]).shape
    torch.Size([2, 1, 8, 8])
    """

    version = 1
    trainers = ("adversarial",)
    protocols = ("one_pass_recovery",)

    def __init__(self, layout: Layout, *, base: int = 64) -> None:
        super().__init__()
        self.generator = UNet(layout, base=base)
        self.critic = _critic(layout.visible + layout.classes + layout.condition)

    def parameter_count(self) -> int:
        """Return the number of the generator's weights: inference needs no critic."""
        return self.generator.parameter_count()

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return the generator's answer."""
        answer: Tensor = self.generator(image, condition)
        return answer

    def scores(self, answer: Tensor, condition: Tensor | None) -> Tensor:
        """Return the critic's logits: positive where a patch looks like a target's."""
        if condition is not None:
            height, width = answer.shape[-2:]
            planes = spread(condition, height=height, width=width)
            answer = torch.cat([answer, planes], dim=1)
        logits: Tensor = self.critic(answer)
        return logits


def _critic(inputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for narrow, wide in pairwise((inputs, 64, 128, 256)):
        layers += [nn.Conv2d(narrow, wide, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(256, 512, 4, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, padding=1))
