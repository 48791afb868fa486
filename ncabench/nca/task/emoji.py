"""Grow one of several emoji, as a one-hot condition says."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.task._drawing import ALIVE, check_sizes, grown, seed_state


class Emoji(Task):
    """The emoji task of NCAtorch: from one cell to the drawing that the condition names.

    Visible channels are premultiplied RGB and alpha; alpha decides which cells live. The
    condition, one-hot over ``classes``, is told to the perception. The seed state is the
    same for every class and sample.

    Source: NCAtorch, section 3.1, and its code's emoji data set: Lanczos to 48 px, 16 px of
    padding, hidden seed channels ``0.05 * N(0, 1)`` drawn once (the text says zeros).

    Args:
        data: ``(K, h, w, 4)`` uint8, the drawings of ``classes`` in order.
        draws: for the hidden channels of the seed state.
        classes: names of the drawings.
        size_px: the drawings' longer side.
        padding_px: empty cells added on each side.
        channels: C of the state, at least 4.
        hidden_seed: ``"noise"`` (the code) or ``"zeros"`` (the text).

    Raises:
        ValueError: no classes, one class twice, other than one drawing for each class, or
            sizes that hold none.

    >>> white = np.full((1, 8, 8, 4), 255, dtype=np.uint8)
    >>> task = Emoji(white, Draws(0), classes=("fire",), size_px=4, padding_px=2)
    >>> int(task.target(torch.tensor([0]))[0, 3].sum())  # 4 x 4 opaque cells on 8 x 8
    16
    """

    reads = ("noto_emoji", "classes")
    offers = ("classes",)
    targets: Tensor
    seed: Tensor

    def __init__(
        self,
        data: NDArray[np.uint8],
        draws: Draws,
        *,
        classes: tuple[str, ...] = (
            "loudly_crying_face",
            "fire",
            "party_popper",
            "four_leaf_clover",
            "red_apple",
        ),
        size_px: int = 48,
        padding_px: int = 16,
        channels: int = 16,
        hidden_seed: Literal["noise", "zeros"] = "noise",
    ) -> None:
        super().__init__()
        if not classes or len(set(classes)) < len(classes) or len(data) != len(classes):
            raise ValueError(
                "classes must be different names, one for each drawing, "
                f"not {classes!r} for {len(data)}"
            )
        check_sizes(channels=channels, size_px=size_px, padding_px=padding_px)
        targets = [grown(one, size_px=size_px, padding_px=padding_px) for one in data]
        _, height, width = targets[0].shape
        self.classes = len(classes)
        self.layout = Layout(
            height=height,
            width=width,
            visible=4,
            hidden=channels - 4,
            condition=self.classes,
            alive=ALIVE,
        )
        self.register_buffer("targets", torch.stack(targets))
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

    def condition(self, labels: Tensor) -> Tensor:
        """Return one-hot vectors, ``(B, K)``."""
        return F.one_hot(labels, self.classes).to(self.targets.dtype)

    def target(self, labels: Tensor) -> Tensor:
        """Return the drawings of ``labels``, ``(B, 4, H, W)``."""
        return self.targets[labels]
