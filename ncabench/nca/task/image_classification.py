"""All cells of an image say what the image shows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task._classifying import Classifying, coloured

SEED_SD = 0.05
DARKEST = 0.3  # of a filmstrip's colours, so that they show on black


class ImageClassification(Classifying):
    """The CIFAR-10 task of NCAtorch: every cell of a picture comes to name what it shows.

    The first channels are the image, grey or RGB in [0, 1], and are frozen; all others start
    as ``0.05 * N(0, 1)``, drawn anew for each sample; the last ones are the class scores. All
    cells live. Labels are numbers of images (see ``Classifying``); nothing is visible and
    nothing is told. The target is 1 in the plane of the image's class, in every cell.

    Source: NCAtorch, section 3.3.2; the seed is that of its code's data set. How many channels
    there are it does not say.

    Args:
        data: the images of ``dataset`` that ``images`` selects.
        draws: not needed here; seeds draw from those of whoever trains or tests.
        dataset: the set, such as ``"cifar10"`` or ``"fashion_mnist"``.
        images: the selection; it must hold the splits train and test.
        padding_px: black cells added on each side.
        channels: C of the state, at least those of the image and one for each class.

    Raises:
        TypeError: the set does not load images with classes.
        ValueError: a split is missing, or ``channels`` are too few.

    >>> from ncabench.nca.data.fashion_mnist_500 import FashionMnist500
    >>> data = FashionMnist500().load({"split": "all", "classes": ["Bag", "Dress"]})
    >>> task = ImageClassification(data, Draws(0), padding_px=2, channels=8)
    >>> bag = task.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    >>> task.target(bag).mean(dim=(2, 3)).tolist()
    [[1.0, 0.0]]
    """

    version = 1
    reads = ("dataset", "images")
    offers = ("classes",)

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "cifar10",  # noqa: ARG002 - the harness reads it
        images: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        padding_px: int = 0,
        channels: int = 20,
    ) -> None:
        super().__init__(data, padding_px=padding_px)
        frozen = self.pixels.shape[1]
        if channels < frozen + self.classes:
            raise ValueError(
                "channels must hold the image and the class scores, "
                f"so at least {frozen + self.classes}, not {channels}"
            )
        self.layout = Layout(
            height=self.side(-2),
            width=self.side(-1),
            frozen=frozen,
            hidden=channels - frozen - self.classes,
            classes=self.classes,
        )

    def image(self, labels: Tensor) -> Tensor:
        """Return the images, ``(B, frozen, H, W)``."""
        return self.shown(labels)

    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return the image, and noise in all other channels; ``(B, C, H, W)``."""
        image = self.image(labels)
        shape = (self.layout.channels - self.layout.frozen, *image.shape[2:])
        cells = shape[0] * shape[1] * shape[2]
        drawn = draws.normal("task/seed", samples=samples, cells=cells)
        noise = drawn.view(len(labels), *shape).to(image.dtype) * SEED_SD
        return torch.cat([image, noise], dim=1)

    def target(self, labels: Tensor) -> Tensor:
        """Return one plane for each class, ``(B, K, H, W)``: ones in the image's own."""
        planes = self.one_hot(labels)
        return planes.expand(-1, -1, self.layout.height, self.layout.width)

    def picture(self, state: Tensor) -> Tensor:
        """Return the image, each cell in the colour of its class; ``(B, 3, H, W)``."""
        shade = state[:, : self.layout.frozen].mean(dim=1, keepdim=True)
        ink = DARKEST + (1 - DARKEST) * shade
        return coloured(state[:, self.layout.answer_slice], ink=ink)
