"""How many cells name the right class."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.metric import Metric


class PixelAccuracy(Metric):
    """The share of an image's own cells whose greatest class score is the right one.

    An image's own cells are those where some plane of the target is above 0: of a digit, its
    pixels. The first of several equal scores counts, so that a cell without any says class 0.

    Source: NCAtorch, section 3.3.1 and the captions of an earlier draft ("mean per-pixel
    accuracy"); that the background does not count is ncabench's reading (its code counts
    neither the background nor the digit 0).

    Shape:
        images (class scores) and targets (planes) ``(B, K, H, W)``; result ``(B,)``, in %.

    >>> import torch
    >>> scores = torch.tensor([[[[0.9, 0.2, 0.4]], [[0.1, 0.8, 0.5]]]])  # says 0, 1, 1
    >>> target = torch.tensor([[[[0.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]]]])  # is 1, 1, nothing
    >>> PixelAccuracy()(scores, target).tolist()
    [50.0]
    """

    label = "pixel accuracy"
    quantity = "accuracy"
    unit = "%"
    higher_is_better = True

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the accuracy of each image's cells."""
        counted = targets.amax(dim=1) > 0  # (B, H, W)
        right = images.argmax(dim=1) == targets.argmax(dim=1)
        hits, cells = (one.sum(dim=(1, 2)).float() for one in (right & counted, counted))
        return 100 * hits / cells.clamp_min(1)
