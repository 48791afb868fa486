"""How far an image is from repeating at the distances at which its target does."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.losses.autocorrelation import autocorrelation_loss
from ncabench.nca.metric import Metric


class Autocorrelation(Metric):
    """How far the autocorrelations of image and target are apart, over all distances.

    An image is compared with itself, moved by every distance on a torus, all channels together;
    0 where it repeats as its target does, wherever the pattern begins.

    Source: none of a score. Cells to Pixels shows that its loss on autocorrelations of features
    straightens regular textures; this is that loss on pixels, as ncabench's measure of it.

    Shape:
        images and targets ``(B, V, H, W)``, of more than one pixel; result ``(B,)``.

    >>> import torch
    >>> stripes = torch.tensor([0.0, 1.0, 0.0, 1.0]).expand(1, 1, 4, 4)
    >>> wide = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(1, 1, 4, 4)
    >>> found = Autocorrelation()
    >>> [round(float(found(one, stripes)), 4) for one in (stripes, 1 - stripes, wide)]
    [0.0, 0.0, 1.0667]
    """

    version = 1
    label = "Autocorrelation error"
    higher_is_better = False

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the mean absolute difference over distances of each image."""
        return autocorrelation_loss(images, targets)
