"""Whether an image is classified as what it is."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.metric import Metric


class ImageAccuracy(Metric):
    """100 where the class whose score is greatest on average is the right one.

    Scores are averaged over an image's own cells, those where some plane of the target is
    above 0: of a digit its pixels, of a photograph all.

    Source: NCAtorch, section 3.3, the paragraph after equation 8. That the background does not
    count is ncabench's: its code teaches the ring around a digit class 0 or none, and that
    would outvote many digits. The first of several equal means counts.

    Shape:
        images (class scores) and targets (planes) ``(B, K, H, W)``; result ``(B,)``, in %:
        0 or 100 for each image.

    >>> import torch
    >>> scores = torch.tensor([[[[0.9, 0.4, 0.2]], [[0.1, 0.3, 0.8]]]])
    >>> target = torch.tensor([[[[0.0, 0.0, 0.0]], [[0.0, 1.0, 1.0]]]])
    >>> ImageAccuracy()(scores, target).tolist()  # of the last two cells 0.3 and 0.55
    [100.0]
    """

    label = "image accuracy"
    quantity = "accuracy"
    unit = "%"
    higher_is_better = True

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return whether each image is classified rightly."""
        counted = targets.amax(dim=1, keepdim=True) > 0  # (B, 1, H, W)
        found, wanted = (
            (one * counted).sum(dim=(2, 3)).argmax(dim=1) for one in (images, targets)
        )
        return 100.0 * (found == wanted).float()
