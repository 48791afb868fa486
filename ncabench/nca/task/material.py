"""Fill a grid with a texture of one or more maps, out of zeros."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.task._exemplar import scaled

MAP = 3  # channels of one


class Material(Task):
    """The texture task of Cells to Pixels: from zeros to the style of one or more maps.

    The visible channels are those of the maps, three of each: of a texture RGB alone, of a
    material (data set ``pbr_material``) albedo, normals, and height, roughness and occlusion.
    Every cell lives and nothing is told. The seed is 0 in all channels, and the exemplar is as
    it is in every sample. There is one class.

    What is shown need not equal the target, only resemble it: a recipe's ``loss`` should be an
    objective such as ``relaxed_style``.

    Source: Cells to Pixels, the section on textures, and its authors' code for the seed.

    Args:
        data: the maps that ``dataset`` and ``exemplar`` name, images of one size.
        draws: not needed here.
        dataset: the set, such as ``"dtd"`` or ``"pbr_material"``.
        exemplar: its selection.
        size_px: the side of the grid; the exemplar's shorter side is scaled to it (bilinear,
            antialiased), and the centre is cropped. Grey becomes RGB.
        channels: C of the state, at least three for each map.

    Raises:
        TypeError: the set does not load images.
        ValueError: no map, no cell, or too few channels.

    >>> import numpy as np
    >>> maps = np.full((3, 2, 2, 3), 255, dtype=np.uint8)
    >>> data = Images(images=maps, labels=np.zeros(3), classes=("a",), parts={})
    >>> task = Material(data, Draws(0), size_px=2)
    >>> task.layout.visible, task.layout.hidden
    (9, 7)
    """

    version = 1
    reads = ("dataset", "exemplar")
    planes: Tensor  # (1, 3 maps, H, W)

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "dtd",  # noqa: ARG002 - the harness reads it
        exemplar: str = "lacelike_0016",  # noqa: ARG002 - likewise
        size_px: int = 1024,
        channels: int = 16,
    ) -> None:
        super().__init__()
        if not isinstance(data, Images):
            raise TypeError(f"dataset: expected a set of images, not {type(data).__name__}")
        shown = MAP * len(data.images)
        if not shown:
            raise ValueError("exemplar: expected one map or more, found none")
        if size_px < 1 or channels < shown:
            raise ValueError(
                f"size_px must be at least 1 and channels at least {shown}, not {size_px} and "
                f"{channels}"
            )
        self.classes = 1
        self.layout = Layout(
            height=size_px, width=size_px, visible=shown, hidden=channels - shown
        )
        self.register_buffer("planes", scaled(data, size_px).flatten(0, 1)[None])

    def seed_state(
        self,
        labels: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return 0 in all channels, ``(B, C, H, W)``."""
        layout = self.layout
        shape = (len(labels), layout.channels, layout.height, layout.width)
        return self.planes.new_zeros(shape)

    def condition(self, labels: Tensor) -> None:
        """Return None: nothing is told."""

    def target(self, labels: Tensor) -> Tensor:
        """Return the exemplar for each label, ``(B, 3 maps, H, W)``."""
        return self.planes.expand(len(labels), -1, -1, -1)

    def picture(self, state: Tensor) -> Tensor:
        """Return the first map, which of a material is its albedo."""
        return state[:, :MAP]
