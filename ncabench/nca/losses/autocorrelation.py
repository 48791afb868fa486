"""How much images' features repeat at the same distances."""

from __future__ import annotations

import torch
from torch import Tensor


def autocorrelation(maps: Tensor) -> Tensor:
    """Return how alike maps are to themselves, moved by every distance on a torus.

    Each channel's mean is taken away, products with the moved map are added up over channels
    and cells, and divided by what they are unmoved.

    Source: Cells to Pixels, the loss of strongly regular textures.

    Shape:
        maps ``(B, C, H, W)``; result ``(B, H, W)``, at ``[0, 0]`` not moved, 1.

    >>> stripes = torch.tensor([[[[1.0, -1.0, 1.0, -1.0]]]])
    >>> autocorrelation(stripes)[0, 0].round(decimals=5).tolist()
    [1.0, -1.0, 1.0, -1.0]
    """
    centred = maps - maps.mean(dim=(2, 3), keepdim=True)
    power = torch.fft.fft2(centred).abs().square().sum(dim=1)
    products = torch.fft.ifft2(power).real
    alike: Tensor = products / products[:, :1, :1].clamp_min(torch.finfo(maps.dtype).tiny)
    return alike


def autocorrelation_loss(seen: Tensor, wanted: Tensor) -> Tensor:
    """Return how far the autocorrelations of maps are apart, on average; ``(B,)``.

    The unmoved maps, which always agree, do not count.

    Source: Cells to Pixels, the loss of strongly regular textures.

    Shape:
        seen and wanted ``(B, C, H, W)``; their channels may differ.

    Raises:
        ValueError: the maps differ in samples or size, or have one cell.

    >>> seen = torch.tensor([[[[1.0, -1.0, 1.0, -1.0]]]])
    >>> wanted = torch.tensor([[[[1.0, 1.0, -1.0, -1.0]]]])  # 0, -1 and 0 at 1, 2 and 3
    >>> round(float(autocorrelation_loss(seen, wanted)), 5)  # (1 + 2 + 1) / 3
    1.33333
    """
    shapes = [(len(one), *one.shape[2:]) for one in (seen, wanted)]
    if shapes[0] != shapes[1] or shapes[0][1:] == (1, 1):
        raise ValueError(
            "maps must be of equal number and size, and of more than one cell, "
            f"not {tuple(seen.shape)} and {tuple(wanted.shape)}"
        )
    apart = (autocorrelation(seen) - autocorrelation(wanted)).abs().flatten(1)
    return apart[:, 1:].mean(dim=1)
