"""A Vision Transformer of pixels, which sees the whole image at once."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.model import OnePass
from ncabench.nca.model._changing import told
from ncabench.nca.model._encoder import Encoder
from ncabench.nca.state import Layout


class ViT(OnePass):
    """The encoder of ``vitca`` with attention to all pixels, in one pass.

    It has no class token. Places are sines and cosines of a pixel's number, added to the
    embedded pixels. Its head answers with the image itself, without an activation, and starts
    as other layers do.

    Source: Tesfaldet et al., "Attention-based Neural Cellular Automata" (ViTCA), section 4,
    "ViT", and table 2; the MLP is 64 wide, as its counts of parameters need.

    Args:
        layout: what it reads (the frozen channels, or where nothing is frozen the visible
            ones, and the condition) and answers (visible channels and class scores).
        embedding: d, channels of an embedded pixel.
        heads: number of independent attentions, each to ``embedding // heads`` channels.
        mlp: width of the hidden layer of a block's MLP.
        depth: number of blocks.

    Shape:
        image ``(B, frozen or visible, H, W)``; condition ``(B, K)`` or ``(B, K, h, w)``;
        result ``(B, visible + classes, H, W)``.

    Raises:
        ValueError: a number is out of range, or a condition is missing or not read.

    >>> faces = Layout(height=32, width=32, frozen=3, visible=3)
    >>> [ViT(faces, depth=depth).parameter_count() for depth in (1, 2, 3)]
    [83907, 166659, 249411]
    """

    version = 1
    trainers = ("one_pass", "denoising")
    protocols = ("one_pass_recovery", "denoising", "linear_probe")

    def __init__(
        self,
        layout: Layout,
        *,
        embedding: int = 128,
        heads: int = 4,
        mlp: int = 64,
        depth: int = 1,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.encoder = Encoder(
            (layout.frozen or layout.visible) + layout.condition,
            layout.visible + layout.classes,
            grid=(layout.height, layout.width),
            width=embedding,
            heads=heads,
            mlp=mlp,
            depth=depth,
            reach=None,
        )

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return what the image should become."""
        answer: Tensor = self.encoder(told(image, condition, planes=self.layout.condition))
        return answer

    def features(self, shown: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return of an image what the first attention is shown, ``(B, d, H, W)``."""
        whole = told(shown, condition, planes=self.layout.condition)
        return self.encoder.features(whole)
