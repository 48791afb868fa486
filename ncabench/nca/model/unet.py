"""The U-Net that NCAtorch compares automata with, as far as its size identifies it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.model import OnePass
from ncabench.nca.state import Layout, spread


class UNet(OnePass):
    """An image-to-image network of three resolutions, with skip connections.

    Convolutions have biases, zero padding and a ReLU; there is no normalisation. With base
    width b: 3x3 to b; 2x2 with stride 2 to 2b, 3x3; 2x2 with stride 2 to 4b, 3x3; transposed
    4x4 with stride 2, joined with the 2b of before, 3x3 to 2b; transposed 4x4 with stride 2,
    joined with the b of before, 3x3 to b; 1x1 to the outputs, without ReLU.

    Source: NCAtorch, tables 1 and 6, which print parameter counts only (25k, 44k, 69k and
    2,768,772). The layers are a reconstruction: with b = 6, 8, 10 and 64 this one family has
    24,946, 44,060, 68,574 and 2,768,772 parameters. Others reach the same counts.

    Args:
        layout: what it reads (frozen, visible and condition channels) and what it answers
            (visible channels and class scores). An emoji is 4 visible and 5 condition.
        base: b, the width at full resolution.

    Shape:
        image ``(B, frozen + visible, H, W)``, H and W multiples of 4; condition ``(B, K)``
        or ``(B, K, h, w)``; result ``(B, visible + classes, H, W)``.

    Raises:
        ValueError: H or W is not a multiple of 4, or a condition is missing or not read.

    >>> emoji = Layout(height=80, width=80, visible=4, hidden=12, condition=5, alive=3)
    >>> [UNet(emoji, base=base).parameter_count() for base in (6, 8, 10)]
    [24946, 44060, 68574]
    """

    version = 1
    trainers = ("one_pass",)
    protocols = ("one_pass_recovery",)

    def __init__(self, layout: Layout, *, base: int = 64) -> None:
        super().__init__()
        self.layout = layout
        inputs = layout.frozen + layout.visible + layout.condition
        outputs = layout.visible + layout.classes
        self.stem = nn.Conv2d(inputs, base, 3, padding=1)
        self.shrink_once = nn.Conv2d(base, 2 * base, 2, stride=2)
        self.middle = nn.Conv2d(2 * base, 2 * base, 3, padding=1)
        self.shrink_twice = nn.Conv2d(2 * base, 4 * base, 2, stride=2)
        self.bottom = nn.Conv2d(4 * base, 4 * base, 3, padding=1)
        self.grow_once = nn.ConvTranspose2d(4 * base, 4 * base, 4, stride=2, padding=1)
        self.join_middle = nn.Conv2d(6 * base, 2 * base, 3, padding=1)
        self.grow_twice = nn.ConvTranspose2d(2 * base, 2 * base, 4, stride=2, padding=1)
        self.join_top = nn.Conv2d(3 * base, base, 3, padding=1)
        self.head = nn.Conv2d(base, outputs, 1)

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return what the image should become under the condition."""
        height, width = image.shape[-2:]
        if height % 4 or width % 4:
            raise ValueError(f"H and W must be multiples of 4, not {height} x {width}")
        full = F.relu(self.stem(self._told(image, condition)))  # (B, b, H, W)
        half = F.relu(self.middle(F.relu(self.shrink_once(full))))  # (B, 2b, H/2, W/2)
        bottom = F.relu(self.bottom(F.relu(self.shrink_twice(half))))  # (B, 4b, H/4, W/4)
        up = torch.cat([F.relu(self.grow_once(bottom)), half], dim=1)  # (B, 6b, H/2, W/2)
        up = F.relu(self.join_middle(up))
        up = torch.cat([F.relu(self.grow_twice(up)), full], dim=1)  # (B, 3b, H, W)
        answer: Tensor = self.head(F.relu(self.join_top(up)))
        return answer

    def _told(self, image: Tensor, condition: Tensor | None) -> Tensor:
        planes = self.layout.condition
        if (condition is None) != (planes == 0):
            given = "none was given" if condition is None else "one was given"
            raise ValueError(f"the layout has {planes} condition channels, but {given}")
        if condition is None:
            return image
        height, width = image.shape[-2:]
        return torch.cat([image, spread(condition, height=height, width=width)], dim=1)
