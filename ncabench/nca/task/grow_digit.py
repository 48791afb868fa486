"""Grow an image of a class out of one cell whose colour says which class."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task._classifying import Classifying

ALIVE = 3
HIDDEN_SD = 0.05
INK = 0.1  # what is brighter is part of the digit
PALETTE = (  # by class, of the digits by their number
    *((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0)),
    *((1.0, 0.5, 0.0), (0.5, 0.0, 1.0), (1.0, 1.0, 1.0), (0.0, 1.0, 0.0), (0.5, 0.5, 0.5)),
)  # red, blue, yellow, magenta, cyan; orange, violet, white, green, grey


class GrowDigit(Classifying):
    """The growing MNIST of NCAtorch: from one coloured cell to a digit of the colour's class.

    Visible channels are RGB and alpha; alpha decides which cells live. The seed is the cell
    ``(H // 2, W // 2)``, its RGB the class's colour (red, blue, yellow, magenta, cyan, orange,
    violet, white, green, grey for the classes in their order, so that 8 is green) and its
    alpha 1. The target is the digit in white on black, not in the seed's colour; its alpha is
    1 where it is brighter than 0.1. A class has as many targets as it has images, and nothing
    in the seed says which of them is meant: the best answer to a squared error is their mean.

    With ``blurred``, the perception is told the target's grey and alpha as an image, blurred
    by a normalised Gaussian of ``blur_px`` by ``blur_px`` cells (black beyond the grid), and a
    training is told black instead for the share ``condition_dropout`` of its samples. Labels
    are numbers of images (see ``Classifying``); N more than that, for N images in all, is an
    image of which nothing is told.

    Source: NCAtorch, section A.5 (one cell, its colour the class, green for 8, no condition)
    and its code's data set of growing digits (hidden seed channels ``0.05 * N(0, 1)``, the
    target's mask above 0.1, the blurred condition of 21 cells and standard deviation 10, its
    dropout of 0.1). The other nine colours, and that a digit is white, are ncabench's.

    Args:
        data: the images of ``dataset`` that ``images`` selects.
        draws: not needed here; seeds draw from those of whoever trains or tests.
        dataset: the set, such as ``"mnist"`` or ``"mnist_5k"``.
        images: the selection; it must hold the splits train and test.
        padding_px: empty cells added on each side.
        channels: C of the state, at least 4.
        hidden_seed: ``"noise"``, ``0.05 * N(0, 1)`` in every cell, drawn anew for each sample,
            or ``"zeros"``.
        blurred: whether the perception is told the blurred target.
        blur_px: side of the Gaussian's window in cells, odd.
        blur_sigma_px: its standard deviation in cells.
        condition_dropout: the share of training samples that are told nothing.

    Raises:
        TypeError: the set does not load images with classes.
        ValueError: a split is missing, there are more than ten classes, ``channels`` are too
            few, or the blur or the share is out of range.

    >>> from ncabench.nca.data.mnist_5k import Mnist5k
    >>> task = GrowDigit(Mnist5k().load("all"), Draws(0), dataset="mnist_5k", padding_px=2)
    >>> eight = task.test_labels(torch.tensor([8]), turns=torch.tensor([0]))
    >>> seed = task.seed_state(eight, samples=torch.tensor([0]), draws=Draws(0))
    >>> seed[0, :4, 16, 16].tolist(), int(seed[0, :4].count_nonzero())  # green and alpha
    ([0.0, 1.0, 0.0, 1.0], 2)
    """

    version = 1
    reads = ("dataset", "images")
    offers = ("classes",)
    palette: Tensor  # (K, 4), RGB and alpha
    blur_down: Tensor  # (H, H)
    blur_across: Tensor  # (W, W)

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "mnist",  # noqa: ARG002 - the harness reads it
        images: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        padding_px: int = 12,
        channels: int = 16,
        hidden_seed: Literal["noise", "zeros"] = "noise",
        blurred: bool = False,
        blur_px: int = 21,
        blur_sigma_px: float = 10.0,
        condition_dropout: float = 0.0,
    ) -> None:
        super().__init__(data, padding_px=padding_px)
        if self.classes > len(PALETTE):
            raise ValueError(f"there are {len(PALETTE)} colours, not {self.classes}")
        if channels < ALIVE + 1:
            raise ValueError(f"channels must hold RGBA, so at least 4, not {channels}")
        if blur_px < 1 or blur_px % 2 == 0 or blur_sigma_px <= 0:
            raise ValueError(
                "blur_px must be odd and blur_sigma_px above 0, "
                f"not {blur_px} and {blur_sigma_px}"
            )
        if not 0 <= condition_dropout <= 1 or (condition_dropout and not blurred):
            raise ValueError(
                "condition_dropout must be in [0, 1], and 0 where nothing is told, "
                f"not {condition_dropout}"
            )
        self.blurred, self.dropout = blurred, condition_dropout
        self.noisy = hidden_seed == "noise"
        self.layout = Layout(
            height=self.side(-2),
            width=self.side(-1),
            visible=4,
            hidden=channels - 4,
            condition=2 if blurred else 0,
            alive=ALIVE,
        )
        self.register_buffer("palette", _opaque(self.classes))
        for name, side in (("down", self.layout.height), ("across", self.layout.width)):
            blur = _gaussian(side, width=blur_px, sd=blur_sigma_px)
            self.register_buffer(f"blur_{name}", blur)

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return the training image of each sample, N more where nothing is told; ``(B,)``."""
        images = super().training_labels(samples, draws=draws)
        if not self.dropout:
            return images
        chance = draws.uniform("train/condition", samples=samples)[:, 0, 0]
        return images + len(self.class_of) * (chance < self.dropout)

    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return one cell of the class's colour; hidden channels as set; ``(B, C, H, W)``."""
        layout, centre = self.layout, (self.layout.height // 2, self.layout.width // 2)
        shape = (layout.hidden, layout.height, layout.width)
        visible = self.palette.new_zeros(len(labels), layout.visible, *shape[1:])
        visible[:, :, centre[0], centre[1]] = self.palette[self.class_of[self.numbers(labels)]]
        if self.noisy and layout.hidden:
            cells = shape[0] * shape[1] * shape[2]
            drawn = draws.normal("task/seed", samples=samples, cells=cells)
            hidden = drawn.view(len(labels), *shape).to(visible.dtype) * HIDDEN_SD
        else:
            hidden = visible.new_zeros(len(labels), *shape)
        return torch.cat([visible, hidden], dim=1)

    def numbers(self, labels: Tensor) -> Tensor:
        """Return the numbers of the images, whether they are told or not; ``(B,)``."""
        return labels % len(self.class_of)

    def condition(self, labels: Tensor) -> Tensor | None:
        """Return the blurred grey and alpha, ``(B, 2, H, W)``, black where nothing is told."""
        if not self.blurred:
            return None
        told = (labels < len(self.class_of)).view(-1, 1, 1, 1)
        target = self.target(labels) * told
        grey, alpha = target[:, :ALIVE].mean(dim=1, keepdim=True), target[:, ALIVE:]
        return self.blur_down @ torch.cat([grey, alpha], dim=1) @ self.blur_across.T

    def target(self, labels: Tensor) -> Tensor:
        """Return the images in white, and where they have ink; ``(B, 4, H, W)``."""
        shown = self.shown(self.numbers(labels))
        alpha = (shown.amax(dim=1, keepdim=True) > INK).to(shown.dtype)
        return torch.cat([shown.expand(-1, 3, -1, -1), alpha], dim=1)

    def ink(self, answer: Tensor) -> Tensor:
        """Return answers as a set of images has them: grey in [0, 1], without padding.

        Shape:
            answer ``(B, 4, H, W)``; result ``(B, 1, h, w)``, the mean of RGB.
        """
        pad, (height, width) = self.padding_px, answer.shape[-2:]
        inner = answer[:, :ALIVE, pad : height - pad, pad : width - pad]
        return inner.mean(dim=1, keepdim=True).clamp(0, 1)

    def picture(self, state: Tensor) -> Tensor:
        """Return RGB without alpha, since white on white would show nothing."""
        return state[:, :ALIVE]


def _opaque(classes: int) -> Tensor:
    return torch.tensor([(*colour, 1.0) for colour in PALETTE[:classes]])


def _gaussian(side: int, *, width: int, sd: float) -> Tensor:
    """Return the matrix ``(side, side)`` that blurs a column of cells."""
    apart = torch.arange(side)[:, None] - torch.arange(side)
    window = torch.arange(width) - width // 2
    total = torch.exp(-0.5 * (window / sd).square()).sum()
    weights = torch.exp(-0.5 * (apart / sd).square()) / total
    return torch.where(apart.abs() <= width // 2, weights, 0.0)
