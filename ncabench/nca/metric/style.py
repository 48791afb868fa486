"""The style loss of textures, as a metric."""

from __future__ import annotations

from ncabench.nca.metric._style import StyleMetric


class Style(StyleMetric):
    """Sliced optimal transport between the features that VGG-16 has of image and target.

    It is the loss that `ncabench.nca.objective.style` trains with, but along directions that
    are the same in every evaluation, and of each image by itself. The network's ImageNet
    weights are torchvision's; see ``ncabench.nca.networks.imagenet`` for where they are
    looked for.

    Source: NCAtorch, section 3.2, equation 5, where its recovery is reported; its code draws
    new directions in each call, so that no two values are alike.

    Args:
        projections: directions for each layer.

    Shape:
        images and targets ``(B, V, H, W)``, V = 1 (shown three times) or at least 3 (the
        first three), in [0, 1]; sides of at least 28 px; result ``(B,)``.

    Raises:
        NoData: the weights are missing and cannot be downloaded, or are damaged.
        ValueError: ``projections`` is below 1, V is 2, or a side is too short.

    >>> Style.label, Style.higher_is_better
    ('VGG style loss', False)
    """

    version = 1
    label = "VGG style loss"
    quantity = "style loss"

    def __init__(self, *, projections: int = 32) -> None:
        instead = "name the substitute: --set metric.NAME.kind=st_style"
        super().__init__("vgg", projections=projections, instead=instead)
