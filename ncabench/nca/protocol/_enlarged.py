"""A task of masked images at several times their size."""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import Denoising


class Enlarged(Task):
    """The images of a task, larger; what a pixel of the state has, its whole square has.

    Source: ViTCA, section 4.1.3, "Spatial interpolation", which does not say how; see protocol
    ``larger_grid``.

    Args:
        task: of masked images.
        factor: of both sides.
    """

    def __init__(self, task: Denoising, *, factor: int) -> None:
        super().__init__()
        self.task, self.factor, self.classes = task, factor, task.classes
        self.layout = replace(
            task.layout, height=task.layout.height * factor, width=task.layout.width * factor
        )

    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return seed states of squares, ``(B, C, factor * H, factor * W)``."""
        return self._squares(self.task.seed_state(labels, samples=samples, draws=draws))

    def condition(self, labels: Tensor) -> None:
        """Return None: the masked image is part of the state."""

    def target(self, labels: Tensor) -> Tensor:
        """Return whole images, enlarged bilinearly."""
        return F.interpolate(
            self.task.target(labels), scale_factor=self.factor, mode="bilinear"
        )

    def masked(self, labels: Tensor) -> Tensor:
        """Return masked images, of squares."""
        return self._squares(self.task.masked(labels))

    def reduced(self, images: Tensor) -> Tensor:
        """Return enlarged images at the size they had: the means over squares."""
        return F.avg_pool2d(images, self.factor)

    def _squares(self, planes: Tensor) -> Tensor:
        return F.interpolate(planes, scale_factor=self.factor, mode="nearest")


Maskable = Denoising | Enlarged  # tasks of masked images
