"""How alike two images are, on the device and with gradients: SSIM and PSNR."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW_PX = 11
DEVIATION_PX = 1.5
C1, C2 = 0.01**2, 0.03**2


def structural_similarity(images: Tensor, targets: Tensor) -> Tensor:
    """Return the structural similarity of images, each the mean over its channels; ``(B,)``.

    The window is a Gaussian of 11 x 11 px that lies wholly inside the image; values are
    compared as they are, with data range 1. It is the metric ``ssim``, which is computed
    elsewhere, for whoever must not wait for the device; in double precision inside.

    Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural
    Similarity", IEEE TIP 2004, section III.C; LNCA, "Results on Restoration Performance",
    with its code for the window.

    Args:
        images: ``(B, V, H, W)``.
        targets: likewise.

    Raises:
        ValueError: a side is shorter than the window.

    >>> flat = torch.full((1, 1, 16, 16), 0.5)
    >>> round(float(structural_similarity(flat, flat * 0)), 6)  # C1 / (0.5**2 + C1)
    0.0004
    """
    height, width = images.shape[-2:]
    if min(height, width) < WINDOW_PX:
        raise ValueError(f"SSIM needs sides of {WINDOW_PX} px or more, not {height} x {width}")
    one, other = images.double(), targets.double()  # variances are small differences
    seen = torch.cat([one, other, one * one, other * other, one * other], dim=1)
    mean_x, mean_y, xx, yy, xy = _windowed(seen).chunk(5, dim=1)
    var_x, var_y = xx - mean_x * mean_x, yy - mean_y * mean_y
    both = xy - mean_x * mean_y
    level = (2 * mean_x * mean_y + C1) / (mean_x * mean_x + mean_y * mean_y + C1)
    form = (2 * both + C2) / (var_x + var_y + C2)
    return (level * form).mean(dim=(1, 2, 3)).to(images.dtype)


def negative_psnr(images: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of minus the peak signal-to-noise ratio, in dB, at peak 1; a scalar.

    Source: LNCA's code, which trains NAFNet by it; Chen et al., "Simple Baselines for Image
    Restoration", ECCV 2022, section 5.1.

    >>> float(negative_psnr(torch.full((2, 1, 1, 1), 0.1), torch.zeros(2, 1, 1, 1)).round())
    -20.0
    """
    errors = (images - targets).square().flatten(1).mean(dim=1)
    return 10 * errors.log10().mean()


def _windowed(grids: Tensor) -> Tensor:
    """Return the Gaussian means of ``(B, C, H, W)`` at all places that have a whole window."""
    place = torch.arange(WINDOW_PX, dtype=grids.dtype, device=grids.device) - WINDOW_PX // 2
    bell = (-0.5 * (place / DEVIATION_PX).square()).exp()
    bell = (bell / bell.sum()).view(1, 1, 1, -1).expand(grids.shape[1], -1, -1, -1)
    across = F.conv2d(grids, bell, groups=grids.shape[1])
    return F.conv2d(across, bell.transpose(2, 3), groups=grids.shape[1])
