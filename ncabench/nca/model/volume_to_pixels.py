"""An automaton in a volume, seen by a camera outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ncabench.nca.decoder import Decoder
from ncabench.nca.model._rendered import check_visible, evenly
from ncabench.nca.model._viewed import Viewed, angles
from ncabench.nca.rendering import surface, volume
from ncabench.nca.rendering.volume import Camera
from ncabench.nca.state import Layout
from ncabench.nca.update.relu_mlp import ReLUMLP


class VolumeToPixels(Viewed):
    """Cells of a cube sense the 26 around them; rays through the cube make a picture of it.

    The task is of images, and has no place for a volume. So cells stand as a grid all the same:
    slice below slice, n * n rows of n cells. Whatever looks at single cells (masks, pools,
    updates) works on it as on any other; only `step` and `render` know that it is a cube, and
    no protocol that damages a shape on the grid is named. `begin` gives every cell the mean of
    the seed over all pixels, so that an even seed stays as it is. `end` renders the first of
    the kept views, and trainings see each sample from one of them that is drawn.

    At each of a ray's samples the decoder makes the visible channels and a density of the
    interpolated state, and of where in its cell the sample lies. Every cell lives.

    Source: Cells to Pixels, table 1, "volume"; how many views there are and where the cameras
    stand is ncabench's.

    Args:
        layout: the task's; it has visible and hidden channels. All of them are channels of a
            cell, and as many as are visible are seen.
        decoder: makes what looks at points.
        cells_per_axis: n, of the cube.
        hidden: width of the update.
        fire_rate: the chance that a cell updates in a step.
        samples_per_ray: within the cube.
        turn: where the first view is from, in radians around the vertical axis.
        lift: likewise, above the horizon.
        views: how many are kept; the others are spread all around.
        reach: of the kept views, from the middle to the upper and lower border, where half of
            the cube's side is 1; up to 0.7 every ray goes through the cube, whatever the side.
        ray_parts: parts of a picture, rows of pixels, that are made one after another; where
            there are several their activations are computed again in the backward pass, to
            save memory.

    Shape:
        `begin` maps ``(B, C, H, W)`` to ``(B, C, n * n, n)``, `step` keeps that,
        `end` gives ``(B, visible, H, W)``.

    Raises:
        ValueError: ``fire_rate`` is not in (0, 1]; ``cells_per_axis``, ``samples_per_ray``,
            ``views`` or ``ray_parts`` is below 1; ``reach`` is not above 0; the task has frozen
            channels or class scores, or nothing visible; in `step`, a condition is missing or
            not read.

    >>> from ncabench.nca.decoder.lppn import LPPN
    >>> image = Layout(height=512, width=512, visible=3, hidden=13)
    >>> model = VolumeToPixels(image, decoder=LPPN())
    >>> model.layout.height, model.parameter_count()  # 64 * 64 rows; 12,416 and 2,884
    (4096, 15300)
    """

    version = 2
    trainers = ("rollout", "textured_rollout")
    protocols = ("quality", "swap")
    sums: Tensor  # (5, 1, 3, 3, 3)
    origins: Tensor  # (views, 3)
    ways: Tensor  # (views, H, W, 3)

    def __init__(
        self,
        layout: Layout,
        *,
        decoder: Decoder,
        cells_per_axis: int = 64,
        hidden: int = 128,
        fire_rate: float = 0.5,
        samples_per_ray: int = 256,
        turn: float = 0.6,
        lift: float = 0.4,
        views: int = 1,
        reach: float = 1.8,
        ray_parts: int = 1,
    ) -> None:
        side = cells_per_axis
        own = self.grid(layout, cells_per_axis=side)
        super().__init__(own, fire_rate=fire_rate, views=views)
        for name, count in (("samples_per_ray", samples_per_ray), ("ray_parts", ray_parts)):
            if count < 1:
                raise ValueError(f"{name} must be 1 or more, not {count}")
        self.side, self.samples, self.ray_parts = side, samples_per_ray, ray_parts
        self.register_buffer("sums", volume.kernels(), persistent=False)
        sides = [(turn, lift), *_sides(views - 1)]
        cameras = [Camera(turn=one, lift=other, reach=reach) for one, other in sides]
        rays = [one.rays(height=layout.height, width=layout.width) for one in cameras]
        self.register_buffer("origins", torch.stack([one for one, _ in rays]), persistent=False)
        self.register_buffer("ways", torch.stack([one for _, one in rays]), persistent=False)
        self.update = ReLUMLP(volume.KERNELS * own.perceived, own.channels, hidden=hidden)
        self.readout = decoder.make(own.channels, outputs=own.visible + 1, axes=3)

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the layout of the cells, slice below slice, in which every cell lives."""
        side: int = given.get("cells_per_axis", 64)
        check_visible(layout)
        if side < 1:
            raise ValueError(f"cells_per_axis must be 1 or more, not {side}")
        return replace(layout, height=side * side, width=side, alive=None)

    def cube(self, grid: Tensor) -> Tensor:
        """Return a grid as the volume that it stands for, ``(B, C, n, n, n)``."""
        batch, channels, *_ = grid.shape
        return grid.reshape(batch, channels, self.side, self.side, self.side)

    def begin(self, seed: Tensor) -> Tensor:
        """Return a volume of the seed state's mean."""
        return evenly(seed, layout=self.layout)

    def change(self, shown: Tensor) -> Tensor:
        """Return what the update makes of the sums around each cell."""
        change: Tensor = self.update(volume.percepts(self.cube(shown), self.sums).flatten(2, 3))
        return change

    def view(self, state: Tensor, number: Tensor) -> Tensor:
        """Return the picture of states from one of the kept views."""
        origin, ways = (one.index_select(0, number)[0] for one in (self.origins, self.ways))
        return self._seen(state, origin, ways, samples=self.samples)

    def render(
        self,
        state: Tensor,
        *,
        camera: Camera,
        height: int,
        width: int,
        samples_per_ray: int = 256,
    ) -> Tensor:
        """Return a picture of a state from anywhere, of any size.

        Args:
            state: as `begin` returns it.
            camera: where it is seen from.
            height: rows of pixels.
            width: columns of pixels.
            samples_per_ray: within the cube.

        Shape:
            result ``(B, visible, height, width)``.
        """
        origin, ways = camera.rays(height=height, width=width, device=state.device)
        return self._seen(state, origin, ways, samples=samples_per_ray)

    def _seen(self, state: Tensor, origin: Tensor, ways: Tensor, *, samples: int) -> Tensor:
        if self.ray_parts == 1:
            return self._marched(state, origin, ways, samples)
        pictures = [
            checkpoint(
                self._marched,
                *(state, origin, rows, samples),
                use_reentrant=False,
                preserve_rng_state=False,
            )
            for rows in ways.chunk(self.ray_parts)
        ]
        return torch.cat(pictures, dim=2)

    def _marched(self, state: Tensor, origin: Tensor, ways: Tensor, samples: int) -> Tensor:
        begin, length = volume.crossing(origin, ways)  # (height, width)
        steps = (torch.arange(samples, device=state.device) + 0.5) / samples
        along = begin[..., None] + length[..., None] * steps  # (height, width, N)
        points = (origin + along[..., None] * ways[..., None, :]).clamp(-1, 1)
        local = volume.local(points, side=self.side)
        seen = self.readout(volume.interpolated(self.cube(state), points), local)
        spacing = (length / samples).to(seen.dtype)
        return volume.composed(seen[..., :-1], seen[..., -1], spacing).movedim(-1, 1)


def _sides(count: int) -> list[tuple[float, float]]:
    """Return turns and lifts all around; none where a model is only outlined."""
    if torch.empty(0).is_meta:
        return []
    return [angles(one) for one in surface.around(count)]
