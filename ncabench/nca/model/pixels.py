"""No model at all: an image is what it is."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.model import OnePass
from ncabench.nca.model._changing import told
from ncabench.nca.state import Layout


class Pixels(OnePass):
    """Answers with the image that it is given; what a linear probe classifies by is the image.

    It has no weights, so there is nothing to train: a suite that names it plans tests alone.
    It stands for the rows of a table of probes in which a classifier is shown raw pixels.

    Source: Tesfaldet et al., "Attention-based Neural Cellular Automata" (ViTCA), section 4.2
    and table 3: "Linear classifier" and "2-layer MLP".

    Args:
        layout: what it reads: the frozen channels, or where nothing is frozen the visible ones.
        hidden: hidden units of the classifier; 0 for a linear one.

    Shape:
        image ``(B, frozen or visible, H, W)``; result ``(B, visible, H, W)``, its last
        channels.

    Raises:
        ValueError: ``hidden`` is negative; in use, a condition is missing or not read.

    >>> import torch
    >>> nothing = Pixels(Layout(height=1, width=2, frozen=1, visible=1), hidden=100)
    >>> image = torch.tensor([[[[0.25, 0.5]]]])
    >>> nothing(image, None).tolist(), nothing.features(image).tolist()
    ([[[[0.25, 0.5]]]], [[[[0.25, 0.5]]]])
    >>> nothing.parameter_count(), nothing.probe_units
    (0, 100)
    """

    version = 1
    trainers = ()
    protocols = ("linear_probe",)

    def __init__(self, layout: Layout, *, hidden: int = 0) -> None:
        super().__init__()
        if hidden < 0:
            raise ValueError(f"hidden must be 0 or more, not {hidden}")
        self.layout, self.probe_units = layout, hidden

    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Return the image."""
        told(image, condition, planes=self.layout.condition)
        return image[:, -self.layout.visible :]

    def features(self, shown: Tensor) -> Tensor:
        """Return the image."""
        return shown
