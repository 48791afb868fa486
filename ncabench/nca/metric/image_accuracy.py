"""Whether an image is classified as what it is."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.metric import Metric


class ImageAccuracy(Metric):
    """100 where the class whose score is greatest on average over all cells is the right one.

    Source: NCAtorch, section 3.3, the paragraph after equation 8; the first of several equal
    means counts, which is ncabench's choice.

    Shape:
        images (class scores) and targets (planes) ``(B, K, H, W)``; result ``(B,)``, in %:
        0 or 100 for each image.

    >>> import torch
    >>> scores = torch.tensor([[[[0.9, 0.2, 0.2]], [[0.1, 0.8, 0.8]]]])  # means 1.3 and 1.7
    >>> target = torch.tensor([[[[0.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]]]])
    >>> ImageAccuracy()(scores, target).tolist()
    [100.0]
    """

    label = "image accuracy"
    quantity = "accuracy"
    unit = "%"
    higher_is_better = True

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return whether each image is classified rightly."""
        found, wanted = (one.mean(dim=(2, 3)).argmax(dim=1) for one in (images, targets))
        return 100.0 * (found == wanted).float()
