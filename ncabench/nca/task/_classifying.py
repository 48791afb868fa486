"""Classifying the images of a set: which image a label means, and which class it is of."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.task import Task


class Classifying(Task):
    """Base of the tasks that classify images; a label is the number of an image.

    Trainings draw from the split ``train`` alone, all its images alike; tests take the images
    of the split ``test``, of each class in the order of the set, and begin again after the
    last. All images stay on the device, as bytes.

    Args:
        data: what a set of images with classes loads.
        padding_px: black cells added on each side.

    Raises:
        TypeError: the set does not load images with classes.
        ValueError: a split is missing, there is one class only, or the padding is negative.
    """

    pixels: Tensor  # (N, planes, h, w), uint8
    class_of: Tensor  # (N,)
    tests: Tensor  # numbers of the test images, class by class
    first_test: Tensor  # (K,), where those of a class begin
    tests_of: Tensor  # (K,), how many it has
    white: Tensor

    def __init__(self, data: Images, *, padding_px: int) -> None:
        super().__init__()
        _check(data, padding_px=padding_px)
        self.classes = len(data.classes)
        self.padding_px = padding_px
        self.drawn_from = data.parts["train"]
        self.register_buffer("pixels", _planes(data))
        self.register_buffer("class_of", torch.from_numpy(data.labels).clone())
        tested = np.arange(len(data.labels))[data.parts["test"]]
        order = np.argsort(data.labels[tested], kind="stable")
        counts = torch.from_numpy(np.bincount(data.labels[tested], minlength=self.classes))
        self.register_buffer("tests", torch.from_numpy(tested[order]))
        self.register_buffer("first_test", counts.cumsum(0) - counts)
        self.register_buffer("tests_of", counts)
        self.register_buffer("white", torch.tensor(255.0))  # it also holds the type of floats

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return the training image that each sample shows, ``(B,)``."""
        low, high = self.drawn_from.start, self.drawn_from.stop
        return draws.integers("train/label", low=low, high=high, samples=samples)

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:
        """Return the test images of ``classes`` that stand at ``turns``, ``(B,)``."""
        return self.tests[self.first_test[classes] + turns % self.tests_of[classes]]

    def condition(self, labels: Tensor) -> Tensor | None:  # noqa: ARG002 -- others need it
        """Return None: the image is told by the state, unless the task says otherwise."""
        return None

    def shown(self, labels: Tensor) -> Tensor:
        """Return the images in [0, 1], padded; ``(B, planes, H, W)``."""
        images = self.pixels[labels].to(self.white.dtype) / self.white
        return F.pad(images, [self.padding_px] * 4)

    def one_hot(self, labels: Tensor) -> Tensor:
        """Return the classes as planes of one cell, ``(B, K, 1, 1)``."""
        planes = F.one_hot(self.class_of[labels], self.classes)
        return planes.to(self.white.dtype)[:, :, None, None]

    def side(self, axis: int) -> int:
        """Return the cells of the grid along an axis of the images: -2 is down, -1 right."""
        return self.pixels.shape[axis] + 2 * self.padding_px


def coloured(scores: Tensor, *, ink: Tensor) -> Tensor:
    """Return the class of each cell as a colour, white where no score is above another.

    Args:
        scores: ``(B, K, H, W)``.
        ink: ``(B, 1, H, W)`` in [0, 1], how bright each cell is.

    Shape:
        result ``(B, 3, H, W)``, RGB.
    """
    classes = scores.shape[1]
    hue = torch.arange(classes, device=scores.device) / classes
    third = torch.arange(3, device=scores.device)[:, None] / 3
    colours = 0.5 + 0.5 * torch.cos(2 * math.pi * (hue + third))  # (3, K)
    chosen = colours[:, scores.argmax(dim=1)].movedim(0, 1)  # (B, 3, H, W)
    undecided = scores.amax(dim=1, keepdim=True) == scores.amin(dim=1, keepdim=True)
    return torch.where(undecided, 1.0, chosen) * ink


def _planes(data: Images) -> Tensor:
    pixels = torch.from_numpy(data.images)
    planes = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
    return planes.contiguous().clone()


def _check(data: Images, *, padding_px: int) -> None:
    if not isinstance(data, Images):
        raise TypeError(
            f"dataset: expected a set of images with classes, not of {type(data).__name__}"
        )
    for split in ("train", "test"):
        if split not in data.parts:
            found = " and ".join(data.parts)
            raise ValueError(f"images must hold the splits train and test, not only {found}")
    if len(data.classes) < 2:
        raise ValueError(f"images must be of two classes or more, not of {data.classes[0]!r}")
    if padding_px < 0:
        raise ValueError(f"padding_px must be at least 0, not {padding_px}")
