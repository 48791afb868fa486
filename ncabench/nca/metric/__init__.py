"""Metrics: how far an image, or what is said of it, is from its target."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn


class Metric(nn.Module, ABC):
    """Maps images and targets ``(B, V, H, W)`` to one value each, ``(B,)``, float32.

    Images are the visible channels as they are: premultiplied RGB in [0, 1] nominally, then
    alpha where there is one; nothing is clamped before a metric sees it. Of a classification
    they are the class scores, and targets are the planes that those should be. A metric that
    needs trained weights finds them in ``__init__`` and raises ``NoData`` with the command
    that mends it.

    A value is of its image alone, unless the metric is ``of_batch``: then all images of a call
    have one value, that of the batch, and a suite may use it only with a protocol that scores
    ``whole_batches``, since elsewhere a batch is no part of what is measured.

    Attributes:
        label: how tables name it. A substitute has a name of its own.
        quantity: what papers call it where they print it; ``""`` for the label.
        unit: ``""`` where it has none.
        higher_is_better: which way is good.
        of_batch: whether all images of a call have one value together.
        stands_for: the kind of metric that this one may be named as a substitute for.
    """

    version: ClassVar[int] = 1
    label: ClassVar[str]
    quantity: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool]
    of_batch: ClassVar[bool] = False
    stands_for: ClassVar[str] = ""

    def __call__(self, images: Tensor, targets: Tensor) -> Tensor:
        """Measure in strict float32, whatever precision the images were made with."""
        with _strict(images.device.type):
            measured: Tensor = super().__call__(images.float(), targets.float())
        return measured

    @abstractmethod
    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return one value per image."""


@contextmanager
def _strict(device: str) -> Iterator[None]:
    convolutions = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    with torch.autocast(device, enabled=False), convolutions:
        yield
