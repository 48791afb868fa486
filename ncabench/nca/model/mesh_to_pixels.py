"""An automaton on the vertices of a sphere or another surface, of which a part is seen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.decoder import Decoder
from ncabench.nca.model._rendered import check_visible, evenly
from ncabench.nca.model._viewed import Viewed, directions
from ncabench.nca.rendering import mesh_file, surface
from ncabench.nca.rendering.mesh import Mesh, icosphere
from ncabench.nca.rendering.nearest import nearest
from ncabench.nca.state import Layout
from ncabench.nca.update.relu_mlp import ReLUMLP

SPHERE = "icosphere"
REACH = 0.4
PATCH = 2.0  # where the corners of a patch would meet, behind the sphere
WHITE = 1.0
AHEAD = (0.3, 0.5, 0.8)


class MeshToPixels(Viewed):
    """Cells of a mesh sense their neighbours; within triangles a picture is made.

    The task is of images, and has no place for a mesh. So cells stand as a grid all the same,
    one row of all vertices. Whatever looks at single cells (masks, pools, updates) works on it
    as on any other; only `step` and `render` know who is whose neighbour, and no protocol that
    damages a shape on the grid is named. `begin` gives every cell the mean of the seed over all
    pixels, so that an even seed stays as it is. `end` renders the first of the kept views, and
    trainings see each sample from one of them that is drawn.

    Of the icosphere a view is a patch, by direction; of a mesh from a file it is a parallel
    projection, in which what is not covered is white. A pixel is decoded of the states of its
    triangle's corners, mixed, and of where in the triangle it lies. Every cell lives.

    Source: Cells to Pixels, table 1, "mesh", and its cached patches of the sphere; how many
    views there are and where, and how other meshes are seen, is ncabench's.

    Args:
        layout: the task's; it has visible and hidden channels. All of them are channels of a
            cell, and as many as are visible are seen.
        decoder: makes what looks at points.
        subdivision: n of the icosphere, which has 10 n * n + 2 vertices; another mesh has its
            own.
        hidden: width of the update.
        fire_rate: the chance that a cell updates in a step.
        mesh: ``"icosphere"``, or the path of a file as ``rendering.mesh_file`` reads it.
        mesh_digest: of a file, 8 digits or more of its SHA-256, so that what is asked for
            names what is in it.
        reach: of a view, from its middle to the nearer border, in radii of the sphere; 1 and
            more show all of a mesh from a file.
        views: how many are kept. The first is `AHEAD`, the others are spread all around.
        remap: tell the decoder where in the triangle a pixel lies by ``surface.local``;
            False tells plain barycentric coordinates, an ablation.

    Shape:
        with V vertices `begin` maps ``(B, C, H, W)`` to ``(B, C, 1, V)``, `step` keeps that,
        `end` gives ``(B, visible, H, W)``.

    Raises:
        ValueError: ``fire_rate`` is not in (0, 1]; ``subdivision`` or ``views`` is below 1;
            ``reach`` is 0, negative or too large; the file is no closed surface, or not the
            one that the digest names; the task has frozen channels or class scores, or
            nothing visible; in `step`, a condition is missing or not read.

    >>> from ncabench.nca.decoder.lppn import LPPN
    >>> image = Layout(height=1024, width=1024, visible=3, hidden=13)
    >>> model = MeshToPixels(image, decoder=LPPN())
    >>> model.layout.width, model.parameter_count()  # 12,416 and 2,851
    (40962, 15267)
    """

    version = 1
    trainers = ("rollout", "textured_rollout")
    protocols = ("quality", "swap")
    table: Tensor  # (V, N), whom a vertex senses
    weights: Tensor  # (V, N, 4), how much
    triangles: Tensor  # (F, 3)
    corners: Tensor  # (views, H, W, 3), vertices around each pixel
    shares: Tensor  # (views, H, W, 3), how much of each

    def __init__(
        self,
        layout: Layout,
        *,
        decoder: Decoder,
        subdivision: int = 64,
        hidden: int = 128,
        fire_rate: float = 0.5,
        mesh: str = "icosphere",
        mesh_digest: str = "",
        reach: float = 0.4,
        views: int = 1,
        remap: bool = True,
    ) -> None:
        own = self.grid(layout, subdivision=subdivision, mesh=mesh, mesh_digest=mesh_digest)
        super().__init__(own, fire_rate=fire_rate, views=views)
        size = {"height": layout.height, "width": layout.width}
        limit = PATCH if mesh == SPHERE else math.inf
        surface.check_view(**size, reach=reach, limit=limit)
        self.subdivision, self.is_sphere, self.remap = subdivision, mesh == SPHERE, remap
        self.body = _body(mesh, digest=mesh_digest, subdivision=subdivision)
        table, weights = surface.senses(self.body)
        self.register_buffer("table", table, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        triangles = torch.from_numpy(self.body.triangles)
        self.register_buffer("triangles", triangles, persistent=False)
        seen = [self._patch(one, **size, reach=reach) for one in directions(AHEAD, count=views)]
        for name, kept in zip(("corners", "shares"), zip(*seen, strict=True), strict=False):
            self.register_buffer(name, torch.stack(kept), persistent=False)
        self.update = ReLUMLP(surface.KERNELS * own.perceived, own.channels, hidden=hidden)
        self.readout = decoder.make(own.channels, outputs=own.visible, axes=3)

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:
        """Return the layout of the vertices, in one row, in which every cell lives."""
        subdivision: int = given.get("subdivision", 64)
        check_visible(layout)
        mesh, digest = given.get("mesh", SPHERE), given.get("mesh_digest", "")
        if subdivision < 1:
            raise ValueError(f"subdivision must be 1 or more, not {subdivision}")
        if mesh == SPHERE:
            vertices = 10 * subdivision**2 + 2
        else:
            vertices = len(_body(mesh, digest=digest, subdivision=subdivision).vertices)
        return replace(layout, height=1, width=vertices, alive=None)

    def begin(self, seed: Tensor) -> Tensor:
        """Return vertices of the seed state's mean."""
        return evenly(seed, layout=self.layout)

    def change(self, shown: Tensor) -> Tensor:
        """Return what the update makes of the sums over each vertex's neighbours."""
        sensed = surface.percepts(shown[:, :, 0], self.table, self.weights)
        change: Tensor = self.update(sensed[:, :, None])
        return change

    def view(self, state: Tensor, number: Tensor) -> Tensor:
        """Return the picture of states from one of the kept views."""
        corners, shares = (
            one.index_select(0, number)[0] for one in (self.corners, self.shares)
        )
        return self._seen(state, corners, shares)

    def render(
        self, state: Tensor, *, centre: Tensor, height: int, width: int, reach: float = REACH
    ) -> Tensor:
        """Return a view from anywhere, of any size.

        Args:
            state: as `begin` returns it.
            centre: ``(3,)``, the direction of the view's middle.
            height: rows of pixels.
            width: columns of pixels.
            reach: from the middle to the nearer border; see ``surface.patch`` and
                ``rendering.nearest``.

        Shape:
            result ``(B, visible, height, width)``.

        Raises:
            ValueError: as ``surface.check_view``.
        """
        seen = self._patch(centre, height=height, width=width, reach=reach)
        return self._seen(state, *(one.to(state.device) for one in seen))

    def _patch(
        self, centre: Tensor, *, height: int, width: int, reach: float
    ) -> tuple[Tensor, Tensor]:
        """Return the corners around each pixel of a view, and how much of each."""
        size = {"height": height, "width": width}
        if self.is_sphere:
            ways = surface.patch(centre.cpu(), **size, reach=reach).flatten(0, 1)
            number, shares = surface.located(ways, subdivision=self.subdivision)
        else:
            number, shares = nearest(self.body, centre, **size, reach=reach)
        corners = torch.from_numpy(self.body.triangles)[number.clamp_min(0)]
        return corners.view(height, width, 3), shares.view(height, width, 3)

    def _seen(self, state: Tensor, corners: Tensor, shares: Tensor) -> Tensor:
        mixed = surface.interpolated(state[:, :, 0], corners, shares)
        told = surface.local(shares) if self.remap else surface.unsorted(shares)
        seen: Tensor = self.readout(mixed, told)  # (B, height, width, K)
        if not self.is_sphere:
            seen = seen.where(shares.sum(dim=-1, keepdim=True) > 0, WHITE)
        return seen.movedim(-1, 1)


def _body(mesh: str, *, digest: str, subdivision: int) -> Mesh:
    return icosphere(subdivision) if mesh == SPHERE else mesh_file.read(mesh, digest=digest)
