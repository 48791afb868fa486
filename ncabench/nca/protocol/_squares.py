"""What pictures have in common by squares: their averages, and the detail within."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def coarse(images: Tensor, *, side_px: int) -> Tensor:
    """Return the mean of each square of a picture, less the mean of them all.

    So that the picture's mean colour makes no difference, but where it is lighter and darker.

    Shape:
        images ``(B, V, H, W)``; result ``(B, V, H // side_px, W // side_px)``.

    >>> coarse(torch.tensor([[[[1.0, 3.0, 5.0, 7.0]] * 2]]), side_px=2).tolist()  # 2 and 6
    [[[[-2.0, 2.0]]]]
    """
    means = F.avg_pool2d(images, side_px)
    return means - means.mean(dim=(2, 3), keepdim=True)


def spectrum(images: Tensor, *, side_px: int) -> Tensor:
    """Return how strong each frequency is within the squares of a picture.

    Of each square the mean is taken off; of the discrete Fourier transforms, divided by the
    square's pixels, the root of the mean square over squares is left. Where detail stands in
    the picture, and in which square, makes no difference.

    Shape:
        images ``(B, V, H, W)``; result ``(B, V, side_px, side_px)``.

    >>> stripes = torch.tensor([[[[0.0, 2.0], [0.0, 2.0]]]])
    >>> spectrum(stripes, side_px=2)[0, 0].tolist()  # 1 + 1 from column to column
    [[0.0, 1.0], [0.0, 0.0]]
    """
    rows = images.unfold(2, side_px, side_px).unfold(3, side_px, side_px)  # (B, V, h, w, s, s)
    detail = rows - rows.mean(dim=(-2, -1), keepdim=True)
    power = torch.fft.fft2(detail, norm="forward").abs().square()
    found: Tensor = power.mean(dim=(2, 3)).sqrt()
    return found
