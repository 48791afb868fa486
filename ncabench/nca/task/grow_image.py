"""Grow one image from one living cell."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.task._drawing import ALIVE, check_sizes, grown, seed_state

PLANES = {"none": 0, "image": 4, "mask": 1}


class GrowImage(Task):
    """The task of Growing NCA: from one cell to an image, and keep it.

    Visible channels are premultiplied RGB and alpha; alpha decides which cells live. There
    is one class.

    Source: Mordvintsev et al., "Growing Neural Cellular Automata", Distill 2020, section
    "Experiment 1: Learning to Grow" (the loss's target and the single living cell); sizes and
    hidden seed channels are those of NCAtorch's emoji. The conditions are ncabench's.

    Args:
        data: ``(1, h, w, 4)`` uint8, the image.
        draws: for the hidden channels of the seed state.
        target: a shipped drawing's name or a path to a PNG file.
        size_px: the image's longer side; its proportions are kept.
        padding_px: empty cells added on each side.
        channels: C of the state, at least 4.
        hidden_seed: ``"noise"``, ``0.05 * N(0, 1)`` drawn once, or ``"zeros"``.
        condition: what the perception is told: ``"none"``, the target ``"image"`` (4 planes)
            or its ``"mask"`` (alpha, 1 plane).

    Raises:
        ValueError: other than one image, or sizes that hold none.

    >>> import torch
    >>> white = np.full((1, 8, 4, 4), 255, dtype=np.uint8)
    >>> task = GrowImage(white, Draws(0), size_px=4, padding_px=1, condition="mask")
    >>> task.layout.height, task.layout.width, int(task.condition(torch.tensor([0])).sum())
    (6, 4, 8)
    """

    reads = ("image_file", "target")
    planes: Tensor
    seed: Tensor

    def __init__(
        self,
        data: NDArray[np.uint8],
        draws: Draws,
        *,
        target: str = "four_leaf_clover",
        size_px: int = 48,
        padding_px: int = 16,
        channels: int = 16,
        hidden_seed: Literal["noise", "zeros"] = "noise",
        condition: Literal["none", "image", "mask"] = "none",
    ) -> None:
        super().__init__()
        if len(data) != 1:
            raise ValueError(f"{target}: expected one image, found {len(data)}")
        check_sizes(channels=channels, size_px=size_px, padding_px=padding_px)
        planes = grown(data[0], size_px=size_px, padding_px=padding_px)
        self.classes = 1
        self.told = condition
        self.layout = Layout(
            height=planes.shape[1],
            width=planes.shape[2],
            visible=4,
            hidden=channels - 4,
            condition=PLANES[condition],
            alive=ALIVE,
        )
        self.register_buffer("planes", planes)
        seed = seed_state(self.layout, hidden=hidden_seed, draws=draws)
        self.register_buffer("seed", seed)

    def seed_state(
        self,
        labels: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return the seed state for each of ``labels``; ``(B, C, H, W)``."""
        return self.seed.repeat(len(labels), 1, 1, 1)

    def condition(self, labels: Tensor) -> Tensor | None:
        """Return the target's planes ``(B, 4, H, W)`` or ``(B, 1, H, W)``, or None."""
        if self.told == "none":
            return None
        return self.target(labels)[:, -PLANES[self.told] :]

    def target(self, labels: Tensor) -> Tensor:
        """Return the image for each of ``labels``, ``(B, 4, H, W)``."""
        return self.planes.expand(len(labels), -1, -1, -1)
