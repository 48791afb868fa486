"""A material that is made here: a wall of bricks, in the maps of physically based rendering."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncabench.nca.data import DataSet, Images
from ncabench.nca.data._files import summary
from ncabench.nca.data._selection import ALL

NAME = "bricks"
SIDE_PX, ROW_PX, BRICK_PX, EDGE_PX = 512, 64, 128, 14
MORTAR_PX, DEPTH_PX = 3, 10
Plane = NDArray[np.float64]


class MadeMaterial(DataSet):
    """A wall of bricks, whose maps follow from one height: a stand-in for a real material.

    Rows of bricks of 128 x 64 px, every other one shifted by half a brick, go round a torus of
    512 px. A brick rises smoothly from its mortar within 14 px, and has one of five colours.
    Normals are those of the height; mortar is rougher and darker. It needs no file, so ``root``
    is not used. The one selection is ``"bricks"``.

    Source: none. Cells to Pixels shows materials that it does not name; this one is ncabench's,
    for runs that need three maps which belong together, and no download.

    Shape:
        images ``(3, 512, 512, 3)``: albedo, normals, and height with roughness and occlusion.

    Raises:
        ValueError: the selection is another.

    >>> maps = MadeMaterial().load("bricks").images
    >>> maps.shape, maps[1, 32, 64].tolist()  # on top of a brick the normal points outwards
    ((3, 512, 512, 3), [128, 128, 255])
    """

    licence = "Apache-2.0"

    def digest(self, selection: Any) -> str:
        """Return the SHA-256 that names the maps."""
        found = hashlib.sha256(self.load(selection).images.tobytes()).hexdigest()
        return summary(str(selection), {"maps": found})

    def load(self, selection: Any) -> Images:
        """Return the maps."""
        if selection != NAME:
            raise ValueError(f"no made material is called {selection!r}\n  accepted: {NAME}")
        pixels = np.stack([_albedo(), _normals(), _grey()])
        labels = np.zeros(3, dtype=np.int64)
        return Images(images=pixels, labels=labels, classes=(NAME,), parts={ALL: slice(0, 3)})


def _places() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each pixel's row of bricks, and where it lies along the row, in px."""
    down, across = np.mgrid[:SIDE_PX, :SIDE_PX]
    row = down // ROW_PX
    return row, (across + row % 2 * (BRICK_PX // 2)) % SIDE_PX


def _height() -> Plane:
    """Return 0 in the mortar, 1 on top of a brick; arithmetic that is the same everywhere."""
    _, along = _places()
    down = np.mgrid[:SIDE_PX, :SIDE_PX][0] % ROW_PX
    within = along % BRICK_PX
    sides = [down, ROW_PX - 1 - down, within, BRICK_PX - 1 - within]
    nearest = np.minimum.reduce(sides) - MORTAR_PX
    share = np.clip(nearest / EDGE_PX, 0.0, 1.0)
    risen: Plane = share * share * (3.0 - 2.0 * share)
    return risen


def _albedo() -> NDArray[np.uint8]:
    row, along = _places()
    shade = ((7 * row + 3 * (along // BRICK_PX)) % 5 / 4.0)[..., None]
    brick = np.array([150.0, 62.0, 48.0]) + shade * np.array([50.0, 34.0, 22.0])
    mortar = np.array([178.0, 172.0, 160.0])
    height = _height()[..., None]
    return _bytes(mortar + height * (brick - mortar))


def _normals() -> NDArray[np.uint8]:
    """Return the normals of the height, whose bricks are 10 px high; red is right, green up."""
    height = _height() * DEPTH_PX
    right = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) / 2.0
    down = (np.roll(height, -1, axis=0) - np.roll(height, 1, axis=0)) / 2.0
    length = np.sqrt(right * right + down * down + 1.0)
    normal = np.stack([-right, down, np.ones_like(right)], axis=-1) / length[..., None]
    return _bytes((normal + 1.0) * 127.5)


def _grey() -> NDArray[np.uint8]:
    """Return height, roughness and occlusion."""
    height = _height()
    roughness, occlusion = 0.9 - 0.4 * height, 0.4 + 0.6 * height
    return _bytes(np.stack([height, roughness, occlusion], axis=-1) * 255.0)


def _bytes(values: Plane) -> NDArray[np.uint8]:
    return np.floor(values + 0.5).astype(np.uint8)
