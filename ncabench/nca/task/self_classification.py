"""Each cell of a digit says which digit it belongs to."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task._classifying import Classifying, coloured

INK = 0.1  # a pixel above it belongs to the digit


class SelfClassification(Classifying):
    """The MNIST task of NCAtorch: cells that only see neighbours agree on the digit they form.

    Channel 0 is the digit's mask (where the image is above 0.1): frozen, and the channel that
    decides which cells live, so that the living zone is the digit and one cell around it. All
    other channels start as copies of the grey image, the class scores among them; the last
    ones are the class scores. Labels are numbers of images (see ``Classifying``); nothing is
    visible and nothing is told.

    The target is 1 on the digit's cells in the plane of its class, and 0 elsewhere. Living
    cells of the background are the ring around the digit; what training asks of them text
    and code disagree on.

    Source: NCAtorch, section 3.3.1, after Randazzo et al., "Self-classifying MNIST Digits",
    Distill 2020; channels, threshold and padding are those of NCAtorch's code.

    Args:
        data: the images of ``dataset`` that ``images`` selects; grey ones.
        draws: not needed, for nothing here is drawn but labels.
        dataset: the set, such as ``"mnist"``, ``"mnist_5k"`` or ``"fashion_mnist"``.
        images: the selection; it must hold the splits train and test.
        padding_px: black cells added on each side.
        channels: C of the state, at least one more than there are classes.
        background: what training asks of cells that are not the digit's: ``"zeros"`` (the
            code; the cross entropy takes that for class 0) or ``"class"`` (the text: the
            digit's class at all locations).

    Raises:
        TypeError: the set does not load images with classes.
        ValueError: a split is missing, images are not grey, or ``channels`` are too few.

    >>> from ncabench.nca.data.mnist_5k import Mnist5k
    >>> data = Mnist5k().load({"split": "all", "classes": ["3", "8"], "per_class": 2})
    >>> task = SelfClassification(data, Draws(0), padding_px=2, channels=8)
    >>> eight = task.test_labels(torch.tensor([1]), turns=torch.tensor([0]))
    >>> task.target(eight).sum(dim=(2, 3)).tolist()  # its 183 cells, in the second plane
    [[0.0, 183.0]]
    """

    version = 1
    reads = ("dataset", "images")
    offers = ("classes",)

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "mnist",  # noqa: ARG002 - the harness reads it
        images: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        padding_px: int = 12,
        channels: int = 20,
        background: Literal["zeros", "class"] = "zeros",
    ) -> None:
        super().__init__(data, padding_px=padding_px)
        if self.pixels.shape[1] != 1:
            planes = self.pixels.shape[1]
            raise ValueError(f"dataset: expected grey images, not of {planes} planes")
        if channels <= self.classes:
            raise ValueError(
                "channels must hold the mask and the class scores, "
                f"so at least {1 + self.classes}, not {channels}"
            )
        self.background = background
        self.layout = Layout(
            height=self.side(-2),
            width=self.side(-1),
            frozen=1,
            hidden=channels - 1 - self.classes,
            classes=self.classes,
            alive=0,
        )

    def image(self, labels: Tensor) -> Tensor:
        """Return the digits' masks, ``(B, 1, H, W)``."""
        return (self.shown(labels) > INK).to(self.white.dtype)

    def seed_state(
        self,
        labels: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return the mask, and copies of the grey image; ``(B, C, H, W)``."""
        grey = self.shown(labels)
        copies = grey.expand(-1, self.layout.channels - 1, -1, -1)
        return torch.cat([(grey > INK).to(grey.dtype), copies], dim=1)

    def target(self, labels: Tensor) -> Tensor:
        """Return one plane for each class, ``(B, K, H, W)``: the digit in its own."""
        return self.one_hot(labels) * self.image(labels)

    def lesson(self, labels: Tensor) -> Tensor:
        """Return the target, and for ``background = "class"`` its class everywhere."""
        if self.background == "zeros":
            return self.target(labels)
        planes = self.one_hot(labels)
        return planes.expand(-1, -1, self.layout.height, self.layout.width)

    def picture(self, state: Tensor) -> Tensor:
        """Return the digit, each cell in the colour of its class; ``(B, 3, H, W)``."""
        return coloured(state[:, self.layout.answer_slice], ink=state[:, :1])
