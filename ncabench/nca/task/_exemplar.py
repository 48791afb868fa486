"""Exemplars of textures, scaled to a grid."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.data import Images


def scaled(data: Images, size_px: int) -> Tensor:
    """Return images in [0, 1], ``(N, 3, size_px, size_px)``.

    Their shorter side is scaled to ``size_px`` (bilinear, antialiased), and the centre is
    cropped. Grey becomes RGB.
    """
    pixels = torch.from_numpy(data.images).float() / 255
    planes = (
        pixels[:, None].expand(-1, 3, -1, -1) if pixels.ndim == 3 else pixels.movedim(-1, 1)
    )
    height, width = planes.shape[-2:]
    factor = size_px / min(height, width)
    size = [max(round(side * factor), size_px) for side in (height, width)]
    fitted = F.interpolate(planes, size=size, mode="bilinear", antialias=True)
    top, left = ((side - size_px) // 2 for side in size)
    return fitted[..., top : top + size_px, left : left + size_px].clamp(0, 1)
