"""The convolutions that NCAtorch's autoencoders share."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2  # of every leaky ReLU here


class Halving(nn.Module):
    """Half the side, twice the channels: two 3x3 convolutions, beside them one of 1x1.

    The first of each branch has stride 2; both 3x3 are group-normalised, the two branches
    are added, and leaky ReLUs follow the first norm and the sum.
    """

    def __init__(self, channels: int, *, groups: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.first = nn.Conv2d(channels, wide, 3, stride=2, padding=1)
        self.first_norm = nn.GroupNorm(groups, wide)
        self.second = nn.Conv2d(wide, wide, 3, padding=1)
        self.second_norm = nn.GroupNorm(groups, wide)
        self.skip = nn.Conv2d(channels, wide, 1, stride=2)

    def forward(self, grid: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, 2C, H / 2, W / 2)``."""
        inner = F.leaky_relu(self.first_norm(self.first(grid)), SLOPE)
        return F.leaky_relu(self.second_norm(self.second(inner)) + self.skip(grid), SLOPE)


class Doubling(nn.Module):
    """Twice the side, half the channels: nearest neighbours, 3x3, group norm, leaky ReLU."""

    def __init__(self, channels: int, *, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.norm = nn.GroupNorm(groups, channels // 2)

    def forward(self, grid: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, C / 2, 2H, 2W)``."""
        return F.leaky_relu(self.norm(self.conv(F.interpolate(grid, scale_factor=2))), SLOPE)


def check_sizes(*, base: int, halvings: int, groups: int) -> None:
    """Raise ValueError where no coder can be built so."""
    if min(base, halvings, groups) < 1 or base % groups:
        raise ValueError(
            "base, halvings and groups must be at least 1, and groups divide base, "
            f"not {base}, {halvings} and {groups}"
        )


def encoder(image_channels: int, *, base: int, halvings: int, groups: int) -> nn.Sequential:
    """Return a 3x3 stem of ``base`` channels and ``halvings`` times a `Halving`."""
    blocks = [Halving(base * 2**depth, groups=groups) for depth in range(halvings)]
    return nn.Sequential(nn.Conv2d(image_channels, base, 3, padding=1), *blocks)


def decoder(
    latent_channels: int, image_channels: int, *, base: int, halvings: int, groups: int
) -> nn.Sequential:
    """Return a 3x3 layer to the encoder's last width, as many `Doubling`, and a 3x3 layer."""
    widest = base * 2**halvings
    blocks = [Doubling(widest // 2**depth, groups=groups) for depth in range(halvings)]
    return nn.Sequential(
        nn.Conv2d(latent_channels, widest, 3, padding=1),
        *blocks,
        nn.Conv2d(base, image_channels, 3, padding=1),
    )
