"""Mean squared error."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.metric import Metric


class MSE(Metric):
    """The mean squared difference over all visible channels, alpha included.

    Source: NCAtorch, section 3.1.2 (the training loss of the emoji task, on RGBA).

    Shape:
        images and targets ``(B, V, H, W)``; result ``(B,)``.

    >>> import torch
    >>> MSE()(torch.zeros(1, 4, 8, 8), torch.full((1, 4, 8, 8), 0.5)).tolist()
    [0.25]
    """

    label = "MSE"
    higher_is_better = False

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the mean squared error of each image."""
        return (images.float() - targets.float()).square().mean(dim=(1, 2, 3))
