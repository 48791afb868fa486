"""How far an image's channels are from going together as those of its target do."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.metric import Metric


class ChannelCorrelation(Metric):
    """How far the correlations between pairs of channels are apart in image and target.

    Of each pair it is Pearson's coefficient over an image's pixels, 0 where a channel is the
    same everywhere; then the mean absolute difference over pairs. Where the maps of a material
    lie as they should upon one another, it is 0, wherever its pattern begins.

    Source: none of a score. Cells to Pixels shows that maps of a material are misaligned
    without its mixes of channels; this is ncabench's measure of it.

    Shape:
        images and targets ``(B, V, H, W)``, of two channels or more; result ``(B,)``.

    Raises:
        ValueError: there is one channel alone.

    >>> ramp = torch.tensor([0.0, 1.0, 2.0, 3.0]).view(1, 1, 2, 2)
    >>> together, against = torch.cat([ramp, ramp], 1), torch.cat([ramp, -ramp], 1)
    >>> found = ChannelCorrelation()(against, together)  # -1, where it should be 1
    >>> round(float(found), 4)
    2.0
    """

    version = 1
    label = "Channel correlation error"
    higher_is_better = False

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the mean absolute difference over pairs of each image."""
        channels = images.shape[1]
        if channels < 2:
            raise ValueError(f"correlations are of two channels or more, not of {channels}")
        first, second = torch.triu_indices(channels, channels, offset=1, device=images.device)
        apart = (_correlations(images) - _correlations(targets)).abs()
        return apart[:, first, second].mean(dim=1)


def _correlations(images: Tensor) -> Tensor:
    """Return the coefficients of all pairs, ``(B, V, V)``."""
    flat = images.flatten(2)
    centred = flat - flat.mean(dim=2, keepdim=True)
    length = centred.norm(dim=2, keepdim=True)
    unit = centred / length.clamp_min(torch.finfo(images.dtype).tiny)
    found: Tensor = unit @ unit.mT
    return found
