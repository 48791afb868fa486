"""Fill the grid with a texture, out of nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.task._exemplar import scaled

SEED = 0.5
FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))  # none, left-right, up-down


class Texture(Task):
    """The texture task of NCAtorch: from a grid of one grey to the style of an exemplar.

    The visible channels are RGB. Every cell lives and nothing is told. The seed is 0.5 in all
    channels. A label says how the exemplar is flipped: 0 not at all, 1 left to right, 2 upside
    down, 3 both; trainings draw it for each sample, tests have the exemplar as it is. There is
    one class.

    What is shown need not equal the target, only resemble it: a recipe's ``loss`` should be
    an objective such as ``style``.

    Source: NCAtorch, section 3.2; seed, flips and scaling are those of its code, which also
    maps the exemplar to [-1, 1] (``signed``) while its overflow loss wants [0, 1].

    Args:
        data: the exemplar that ``dataset`` and ``exemplar`` name.
        draws: not needed here; flips draw from those of whoever trains.
        dataset: the set, such as ``"dtd"`` or ``"skimage_textures"``.
        exemplar: its selection, which must be one image.
        size_px: the side of the grid; the exemplar's shorter side is scaled to it (bilinear,
            antialiased), and the centre is cropped. Grey becomes RGB.
        channels: C of the state, at least 3.
        signed: map the exemplar to [-1, 1].

    Raises:
        TypeError: the set does not load images.
        ValueError: other than one image, no cell, or fewer than 3 channels.

    >>> import numpy as np
    >>> row = np.array([[[0, 255]]], dtype=np.uint8)
    >>> data = Images(images=row, labels=np.zeros(1), classes=("a",), parts={})
    >>> task = Texture(data, Draws(0), size_px=1)
    >>> task.target(torch.tensor([0])).shape, task.layout.channels
    (torch.Size([1, 3, 1, 1]), 24)
    """

    version = 1
    reads = ("dataset", "exemplar")
    planes: Tensor  # (4, 3, H, W), one for each flip

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "dtd",  # noqa: ARG002 - the harness reads it
        exemplar: str = "lacelike_0016",  # noqa: ARG002 - likewise
        size_px: int = 168,
        channels: int = 24,
        signed: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(data, Images):
            raise TypeError(f"dataset: expected a set of images, not {type(data).__name__}")
        if len(data.images) != 1:
            raise ValueError(f"exemplar: expected one image, found {len(data.images)}")
        if size_px < 1 or channels < 3:
            raise ValueError(
                f"size_px must be at least 1 and channels at least 3, not {size_px} and "
                f"{channels}"
            )
        image = scaled(data, size_px)
        image = image * 2 - 1 if signed else image
        self.classes = 1
        self.layout = Layout(height=size_px, width=size_px, visible=3, hidden=channels - 3)
        self.register_buffer("planes", torch.cat([image.flip(one) for one in FLIPS]))

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return how the exemplar is flipped for each sample, drawn evenly; ``(B,)``."""
        return draws.integers("train/label", low=0, high=len(FLIPS), samples=samples)

    def seed_state(
        self,
        labels: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return 0.5 in all channels, ``(B, C, H, W)``."""
        layout = self.layout
        shape = (len(labels), layout.channels, layout.height, layout.width)
        return self.planes.new_full(shape, SEED)

    def condition(self, labels: Tensor) -> None:
        """Return None: nothing is told."""

    def target(self, labels: Tensor) -> Tensor:
        """Return the exemplar, flipped as each label says; ``(B, 3, H, W)``."""
        return self.planes[labels]
