"""Fill a hole in an image from what is around it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.state import Layout
from ncabench.nca.task import Task

GREY = 0.5
HOLES = 2**20  # different ones to train on; tests have others
DISCS = Draws(0)  # so that hole k is the same in every training and every test


class Inpainting(Task):
    """The inpainting task of NCAtorch: an image without a disc of it becomes the image.

    The visible channels are the image in [0, 1]; there are no others. The seed is the image
    whose hole is grey, 0.5; the condition is a mask, 1 in the hole and 0 elsewhere; the
    target is the whole image.

    A label names an image and a hole: the number of the image, plus N times that of the
    hole, in a set of N images, so that a state of a pool keeps its own mask. Trainings draw
    from the split ``train`` alone, all its images alike, each time with a hole of its own;
    the k-th test is the k-th image of the split ``test`` with a hole that is never drawn, and
    images begin again after the last.

    Source: NCAtorch, section 3.1.4 ("random circular patches removed"); the disc's size, the
    grey and the mask are those of its code.

    Args:
        data: the images that ``dataset`` and ``images`` name.
        draws: not needed here; a hole depends on its number alone.
        dataset: the set, such as ``"celeba"`` or ``"photo_tiles"``.
        images: its selection, which must hold the splits train and test.
        radius: the least and greatest radius of the disc; half a side is 1.
        centre: greatest distance of its centre from the image's, along each axis.

    Raises:
        TypeError: the set does not load images.
        ValueError: a split is missing, or the disc is out of range.

    >>> import numpy as np
    >>> white = np.full((2, 8, 8, 3), 255, dtype=np.uint8)
    >>> parts = {"train": slice(0, 1), "test": slice(1, 2)}
    >>> data = Images(images=white, labels=np.zeros(2), classes=("a",), parts=parts)
    >>> task = Inpainting(data, Draws(0), radius=(9.0, 9.0))  # a hole as large as the image
    >>> seed = task.seed_state(torch.tensor([0]), samples=torch.tensor([0]), draws=Draws(0))
    >>> seed.unique().tolist(), task.target(torch.tensor([0])).unique().tolist()
    ([0.5], [1.0])
    """

    version = 1
    reads = ("dataset", "images")
    pixels: Tensor  # (N, planes, H, W), uint8
    white: Tensor

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "celeba",  # noqa: ARG002 - the harness reads it
        images: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        radius: tuple[float, float] = (0.0, 0.5),
        centre: float = 0.5,
    ) -> None:
        super().__init__()
        if not isinstance(data, Images):
            raise TypeError(f"dataset: expected a set of images, not {type(data).__name__}")
        for split in ("train", "test"):
            if split not in data.parts:
                found = " and ".join(data.parts)
                raise ValueError(
                    f"images must hold the splits train and test, not only {found}"
                )
        self.disc = RandomDisc(radius=radius, centre=centre)
        self.drawn_from, self.tested = data.parts["train"], data.parts["test"]
        pixels = torch.from_numpy(data.images)
        planes = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
        self.count, channels, height, width = planes.shape
        self.classes = 1
        self.layout = Layout(height=height, width=width, visible=channels, condition=1)
        self.register_buffer("pixels", planes.contiguous().clone())
        self.register_buffer("white", torch.tensor(255.0))  # it also holds the type of floats

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return an image of the training split and a hole for each sample, ``(B,)``."""
        low, high = self.drawn_from.start, self.drawn_from.stop
        images = draws.integers("train/label", low=low, high=high, samples=samples)
        holes = draws.integers("train/hole", low=0, high=HOLES, samples=samples)
        return images + self.count * holes

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:  # noqa: ARG002 -- one
        """Return the test images at ``turns``, each with a hole of its own, ``(B,)``."""
        first, end = self.tested.start, self.tested.stop
        labels: Tensor = first + turns % (end - first) + self.count * (HOLES + turns)
        return labels

    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:  # noqa: ARG002 -- the label has all
        """Return images with a grey hole, ``(B, planes, H, W)``."""
        return torch.where(self.hole(labels), GREY, self.target(labels))

    def condition(self, labels: Tensor) -> Tensor:
        """Return the masks, ``(B, 1, H, W)``: 1 in the hole."""
        return self.hole(labels).to(self.white.dtype)

    def target(self, labels: Tensor) -> Tensor:
        """Return whole images in [0, 1], ``(B, planes, H, W)``."""
        images = self.pixels[labels % self.count].to(self.white.dtype)
        return images / self.white

    def hole(self, labels: Tensor) -> Tensor:
        """Return which pixels are missing, ``(B, 1, H, W)``, bool."""
        grid = self.white.expand(len(labels), 1, self.layout.height, self.layout.width)
        return self.disc.touched(grid, samples=labels // self.count, draws=DISCS)
