"""Tiles of photographs: cut, shrunk, and told from those that are nearly there already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ncabench.nca.data._pictures import decoding

Pixels = NDArray[np.uint8]

SIDE_PX = 32
TILE_PX = 128
NEAR_LEVELS = 4.0
FORMATS = ("BMP", "JPEG", "PNG", "TIFF")
MODES = ("L", "P", "RGB", "RGBA")
BLOCK_PX = 8  # of the means that are compared first
SLACK = 1e-3  # levels, for the rounding of those means


@dataclass(frozen=True, kw_only=True)
class Options:
    """How photographs are made into tiles.

    LNCA cuts a photograph into n x m tiles, shrinks each to 32 x 32 px and removes redundant
    ones; it gives neither n, m nor what is redundant. So these are ours.

    Args:
        tile_px: a photograph has as many rows and columns as tiles of this side fit into it;
            what is over is shared out among them, so that nothing is cut off.
        rows: n, the rows of every photograph, instead of ``tile_px``.
        columns: m, likewise; set both, or neither.
        near_levels: a pair of tiles is redundant where it differs by no more, of 255, from one
            that was kept before: as the mean over the pixels of each colour, of its damaged
            tile and of its clean one alike. 0 removes only what is equal.

    Raises:
        ValueError: neither, or both, of the tiles' side and number are set, or one is too low.

    >>> Options(tile_px=128).rows_and_columns(height=720, width=1280)
    (5, 10)
    """

    tile_px: int | None = None
    rows: int | None = None
    columns: int | None = None
    near_levels: float = NEAR_LEVELS

    def __post_init__(self) -> None:
        if (self.rows is None) != (self.columns is None):
            raise ValueError("rows and columns: set both of them, or neither")
        if (self.tile_px is None) == (self.rows is None):
            raise ValueError("tile_px, or rows and columns: set one of the two, not both")
        for name, least in (("tile_px", SIDE_PX), ("rows", 1), ("columns", 1)):
            found = getattr(self, name)
            if found is not None and found < least:
                raise ValueError(f"{name}: expected {least} or more, found {found}")
        if not 0 <= self.near_levels < 256:
            raise ValueError(f"near_levels: expected 0 to 255, found {self.near_levels}")

    def rows_and_columns(self, *, height: int, width: int) -> tuple[int, int]:
        """Return n and m for a photograph of this size; 0 where not even one tile fits."""
        if self.rows is None or self.columns is None:
            assert self.tile_px is not None
            return height // self.tile_px, width // self.tile_px
        small = height < self.rows * SIDE_PX or width < self.columns * SIDE_PX
        return (0, 0) if small else (self.rows, self.columns)

    def least_px(self) -> tuple[int, int]:
        """Return the width and height that a photograph must have."""
        if self.rows is None or self.columns is None:
            assert self.tile_px is not None
            return self.tile_px, self.tile_px
        return self.columns * SIDE_PX, self.rows * SIDE_PX

    def table(self) -> dict[str, Any]:
        """Return the options that are set, and what is not ours to set."""
        known = {key: value for key, value in asdict(self).items() if value is not None}
        return {**known, "side_px": SIDE_PX, "shrunk_by": "lanczos"}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A pair of tiles, shrunk.

    Attributes:
        row: counted from the top, from 0.
        column: counted from the left, from 0.
        pair: damaged, then clean; ``(2, 32, 32, 3)``.
    """

    row: int
    column: int
    pair: Pixels


def tiles(*, clean: Path, damaged: Path, options: Options) -> Iterator[Tile]:
    """Yield the tiles of a pair of photographs, row by row.

    Each is shrunk with a Lanczos window of 3, as LNCA's loader shrinks whole images, from its
    own pixels alone.

    Raises:
        ValueError: one is no photograph, they differ in size, or are smaller than a tile.
    """
    pair = (_opened(damaged), _opened(clean))
    (width, height), other = (one.size for one in pair)
    if other != (width, height):
        raise ValueError(
            f"{damaged}: {width} x {height} px, where {clean} has {other[0]} x {other[1]}"
        )
    rows, columns = options.rows_and_columns(height=height, width=width)
    if not rows or not columns:
        least = options.least_px()
        raise ValueError(
            f"{damaged}: {width} x {height} px, where the tiles need "
            f"{least[0]} x {least[1]} or more; set fewer or smaller ones"
        )
    for row in range(rows):
        for column in range(columns):
            left, right = (width * edge // columns for edge in (column, column + 1))
            top, bottom = (height * edge // rows for edge in (row, row + 1))
            cut = [_shrunk(one.crop((left, top, right, bottom))) for one in pair]
            yield Tile(row=row, column=column, pair=np.stack(cut))


def _opened(path: Path) -> Image.Image:
    with decoding(path), Image.open(path, formats=FORMATS) as image:
        if image.mode not in MODES:
            raise ValueError(
                f"{path}: pixels of mode {image.mode}, where RGB of 8 bits is expected"
            )
        return image.convert("RGB")


def _shrunk(image: Image.Image) -> Pixels:
    return np.array(image.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS))


class Kept:
    """The pairs of tiles that were kept so far; tells which further ones are redundant.

    Pairs are looked up by the mean colours of their clean tiles, which cannot differ by more
    than the pixels do; so nothing that is near is missed, and few are compared.

    Source: none; LNCA says that redundant images were removed, and not which those are.

    >>> kept, grey = Kept(near_levels=4.0), np.full((2, 32, 32, 3), 90, dtype=np.uint8)
    >>> kept.take(grey), kept.take(grey + 4), kept.take(grey + 5)
    (True, False, True)
    """

    def __init__(self, *, near_levels: float) -> None:
        self.near_levels = near_levels
        self._width = max(near_levels, 1.0) + SLACK  # of a cell of colours, in levels
        self._cells: dict[tuple[int, ...], list[int]] = {}
        self._pairs: list[Pixels] = []
        self._means = np.empty((64, 2, SIDE_PX // BLOCK_PX, SIDE_PX // BLOCK_PX, 3), np.float32)

    def take(self, pair: Pixels) -> bool:
        """Keep a pair and return True, or return False where it is redundant."""
        means = _block_means(pair)
        cell = tuple((means[1].mean(axis=(0, 1)) // self._width).astype(int).tolist())
        near = [
            index
            for around in np.ndindex(3, 3, 3)
            for index in self._cells.get(
                tuple(one + step - 1 for one, step in zip(cell, around, strict=True)), ()
            )
        ]
        if self._any_like(pair, means, sorted(near)):
            return False
        self._cells.setdefault(cell, []).append(len(self._pairs))
        if len(self._pairs) == len(self._means):
            self._means = np.concatenate([self._means, np.empty_like(self._means)])
        self._means[len(self._pairs)] = means
        self._pairs.append(pair)
        return True

    def _any_like(self, pair: Pixels, means: NDArray[np.float32], near: list[int]) -> bool:
        apart = np.abs(self._means[near] - means).mean(axis=(2, 3))  # (n, 2, 3)
        maybe = (apart <= self.near_levels + SLACK).all(axis=(1, 2))
        levels = pair.astype(np.int16)
        return any(
            bool((_apart(levels, self._pairs[near[one]]) <= self.near_levels).all())
            for one in np.flatnonzero(maybe)
        )


def _apart(levels: NDArray[np.int16], other: Pixels) -> NDArray[np.float64]:
    """Return the mean difference of each colour of each of the two tiles, ``(2, 3)``."""
    found: NDArray[np.float64] = np.abs(levels - other).mean(axis=(1, 2))
    return found


def _block_means(pair: Pixels) -> NDArray[np.float32]:
    blocks = SIDE_PX // BLOCK_PX
    cut = pair.reshape(2, blocks, BLOCK_PX, blocks, BLOCK_PX, 3)
    found: NDArray[np.float32] = cut.mean(axis=(2, 4), dtype=np.float32)
    return found
