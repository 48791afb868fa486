"""A critic of patches that also sees how much a batch varies."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.critic import Critic

GROUP = 4  # samples whose variation is told together
SLOPE = 0.2


class Patch(Critic):
    """Convolutions of 4x4, halving the grid, with a channel of variation before the last two.

    Each convolution is padded by 1 in mirror image, has a bias and, but for the last, a leaky
    ReLU (0.2) after it; nothing is normalised. Those to all but the last of ``features`` halve
    the grid; then comes a channel with the batch's variation (see `variation`), then one of
    stride 1 to the last of ``features``, and one of stride 1 to the map of scores.

    Source: NCAtorch, section 3.1.3, which names a critic; this is its code's, of ``(32, 64,
    128, 256)`` features in the shipped recipe of edges to handbags.

    Args:
        features: channels after each convolution but the last.

    Shape:
        ``(B, C, H, W)`` to ``(B, 1, H / 2**n - 2, W / 2**n - 2)``, rounded down at each
        halving, for ``n = len(features) - 1``.

    Raises:
        ValueError: fewer than two features, or one below 1; in `make`, a side is too short for
            a score.

    >>> made = Patch().make(4, height=64, width=64)
    >>> sum(weight.numel() for weight in made.parameters())
    2773953
    >>> made(torch.zeros(4, 4, 64, 64)).shape
    torch.Size([4, 1, 6, 6])
    """

    def __init__(self, *, features: tuple[int, ...] = (64, 128, 256, 512)) -> None:
        if len(features) < 2 or min(features) < 1:
            raise ValueError(f"features must be 2 or more, each at least 1, not {features}")
        self.features = features

    def make(self, channels: int, *, height: int, width: int) -> nn.Module:
        least = 3 * 2 ** (len(self.features) - 1)
        if min(height, width) < least:
            raise ValueError(
                f"a critic of {len(self.features)} features needs sides of {least} cells or "
                f"more, not {height} x {width}"
            )
        return _Patches(channels, self.features)


class _Patches(nn.Module):
    def __init__(self, channels: int, features: tuple[int, ...]) -> None:
        super().__init__()
        *narrower, last = features
        self.halving = nn.ModuleList(
            nn.Conv2d(narrow, wide, 4, stride=2)
            for narrow, wide in pairwise((channels, *narrower))
        )
        self.joining = nn.Conv2d(narrower[-1] + 1, last, 4)
        self.scoring = nn.Conv2d(last, 1, 4)

    def forward(self, images: Tensor) -> Tensor:
        seen = images
        for convolution in self.halving:
            seen = F.leaky_relu(convolution(mirrored(seen)), SLOPE)
        seen = torch.cat([seen, variation(seen)], dim=1)
        seen = F.leaky_relu(self.joining(mirrored(seen)), SLOPE)
        scores: Tensor = self.scoring(mirrored(seen))
        return scores


def variation(seen: Tensor) -> Tensor:
    """Return how much each group of four samples varies, the same in all their cells.

    Of each channel and cell the standard deviation over the group (of its whole, and of
    1e-8 more variance), averaged over channels and cells. Of ``B`` samples the i-th is in the
    group ``i % (B / 4)``; where 4 does not divide B, all are one group.

    Source: Karras et al., "Progressive Growing of GANs", ICLR 2018, section 3;
    NCAtorch's code has such a layer, of these groups.

    Shape:
        ``(B, C, H, W)`` to ``(B, 1, H, W)``.

    >>> two = torch.tensor([1.0, 5.0]).view(2, 1, 1, 1)
    >>> variation(two).flatten().tolist()
    [2.0, 2.0]
    """
    batch, _, height, width = seen.shape
    groups = 1 if batch % GROUP else batch // GROUP
    grouped = seen.view(-1, groups, *seen.shape[1:])
    apart = grouped - grouped.mean(dim=0, keepdim=True)
    sd = (apart.square().mean(dim=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (groups,)
    return sd.repeat(batch // groups).view(-1, 1, 1, 1).expand(-1, 1, height, width)


def mirrored(seen: Tensor) -> Tensor:
    """Return planes with a border of one cell in mirror image, ``(B, C, H + 2, W + 2)``.

    As PyTorch's own reflection, whose gradient on a GPU adds in no fixed order.

    >>> mirrored(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 1, 2, 2))[0, 0, 0].tolist()
    [4.0, 3.0, 4.0, 3.0]
    """
    tall = torch.cat([seen[..., 1:2, :], seen, seen[..., -2:-1, :]], dim=-2)
    return torch.cat([tall[..., 1:2], tall, tall[..., -2:-1]], dim=-1)
