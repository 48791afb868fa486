"""Peak signal-to-noise ratio."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.metric import Metric

_LEAST_MSE = 1e-10


class PSNR(Metric):
    """Decibels between the data range, 1, and the root mean squared error.

    The mean squared error is over all visible channels and taken as 1e-10 where it is
    less, so that equal images score 100 dB and not infinity.

    Source: the usual definition, 10 log10(1 / MSE), per image; the floor is ncabench's.

    Shape:
        images and targets ``(B, V, H, W)``; result ``(B,)``, in dB.

    >>> import torch
    >>> PSNR()(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.1)).round().tolist()
    [20.0]
    """

    label = "PSNR"
    unit = "dB"
    higher_is_better = True

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the PSNR of each image."""
        error = (images.float() - targets.float()).square().mean(dim=(1, 2, 3))
        return -10 * error.clamp(min=_LEAST_MSE).log10()
