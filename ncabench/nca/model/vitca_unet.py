"""The U-Net that ViTCA compares itself with."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.model import OnePass
from ncabench.nca.model._changing import told
from ncabench.nca.model._hourglass import Hourglass
from ncabench.nca.state import Layout


class ViTCAUNet(OnePass):
    """The U-Net of Noise2Noise with two halvings and 3x3 convolutions, in one pass.

    Convolutions have biases, zero padding and a leaky ReLU (0.1), the last one excepted; two
    maxima over 2x2 halve the grid, and nearest neighbours double it; what was halved once and
    the input itself are joined in. There is no normalisation.

    Source: Tesfaldet et al., "Attention-based Neural Cellular Automata" (ViTCA), section 4,
    "U-Net", which follows Lehtinen et al., "Noise2Noise", ICML 2018. Not the ``unet`` that
    NCAtorch's tables need.

    Args:
        layout: what it reads (the frozen channels, or where nothing is frozen the visible
            ones, and the condition) and answers (visible channels and class scores).
        width: f, channels of the convolutions before the first doubling.

    Shape:
        image ``(B, frozen or visible, H, W)``, H and W multiples of 4; condition ``(B, K)``
        or ``(B, K, h, w)``; result ``(B, visible + classes, H, W)``.

    Raises:
        ValueError: H or W is not a multiple of 4, or a condition is missing or not read.

    >>> faces, digits = (Layout(height=32, width=32, frozen=c, visible=c) for c in (3, 1))
    >>> ViTCAUNet(faces).parameter_count(), ViTCAUNet(digits).parameter_count()
    (106635, 104473)
    """

    version = 1
    trainers = ("one_pass", "denoising")
    protocols = ("one_pass_recovery", "denoising", "linear_probe")

    def __init__(self, layout: Layout, *, width: int = 24) -> None:
        super().__init__()
        self.layout = layout
        self.network = Hourglass(
            (layout.frozen or layout.visible) + layout.condition,
            layout.visible + layout.classes,
            width=width,
            kernel_size=3,
        )

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return what the image should become."""
        answer: Tensor = self.network(told(image, condition, planes=self.layout.condition))
        return answer

    def features(self, shown: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return of an image what the narrowest layer gives, ``(B, f, H/4, W/4)``."""
        return self.network.features(told(shown, condition, planes=self.layout.condition))
