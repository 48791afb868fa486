"""The style loss as the network of ST-LPIPS sees it; it may stand in for that of VGG-16."""

from __future__ import annotations

from ncabench.nca.metric._style import StyleMetric


class STStyle(StyleMetric):
    """Sliced optimal transport between features of ST-LPIPS's VGG-16: a named substitute.

    That network's downsampling is blurred and its weights are others, so values cannot be
    compared with those of ``style``. The weights come with the package ``stlpips-pytorch``.

    Source: NCAtorch, section 3.2, equation 5, for the loss; Ghildyal and Liu, "Shift-tolerant
    Perceptual Similarity Metric", ECCV 2022, for the network.

    Args:
        projections: directions for each layer.

    Shape:
        images and targets ``(B, V, H, W)``, V = 1 (shown three times) or at least 3 (the
        first three), in [0, 1]; sides of at least 28 px; result ``(B,)``.

    Raises:
        NoData: the weights are missing or damaged.
        ValueError: ``projections`` is below 1, V is 2, or a side is too short.

    >>> import torch
    >>> STStyle(projections=2)(torch.ones(1, 3, 32, 32), torch.ones(1, 3, 32, 32)).tolist()
    [0.0]
    """

    version = 1
    label = "ST-VGG style loss"
    stands_for = "style"

    def __init__(self, *, projections: int = 32) -> None:
        super().__init__("st_vgg", projections=projections)
