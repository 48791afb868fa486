"""Tiles of the photographs that come with scikit-image and scikit-learn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ncabench.nca.data import Verified, _installed
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._installed import Installed, skimage, sklearn
from ncabench.nca.data._labelled import Labelled, Opened, Pixels
from ncabench.nca.data._pictures import read
from ncabench.nca.data._selection import Indices, Selection

Photographs = Mapping[str, tuple[Installed, tuple[int, int]]]  # name: its file, (h, w) in px
PHOTOGRAPHS: Mapping[str, Photographs] = {
    "train": {
        "astronaut": (
            skimage(
                "astronaut.png",
                "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
            ),
            (512, 512),
        ),
        "coffee": (
            skimage(
                "coffee.png",
                "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
            ),
            (400, 600),
        ),
        "flower": (
            sklearn(
                "flower.jpg",
                "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
            ),
            (427, 640),
        ),
        "rocket": (
            skimage(
                "rocket.jpg",
                "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
            ),
            (427, 640),
        ),
    },
    "test": {
        "chelsea": (
            skimage(
                "chelsea.png",
                "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
            ),
            (300, 451),
        ),
        "china": (
            sklearn(
                "china.jpg",
                "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
            ),
            (427, 640),
        ),
    },
}
Tile = tuple[str, int, int]  # photograph, top, left


class PhotoTiles(Labelled):
    """Square tiles of six colour photographs, split by photograph, RGB.

    Train: ``astronaut``, ``coffee``, ``flower``, ``rocket``; test: ``chelsea``, ``china``; so
    that no tile's neighbour is on the other side. Tiles touch and do not overlap, from the
    top left corner on; what is left at the right and at the bottom is not used. They come in
    an order that is as good as random and fixed, that of the SHA-256 of their names, such as
    ``coffee:64:128`` (photograph, top and left in px); `tiles` lists them. The photographs are
    inside the installed packages and never fetched, so ``root`` is not used; digests are of
    their files, since decoders of JPEG (china, flower, rocket) may round a pixel differently.

    A selection is one of images (see `ncabench.nca.data`) of the one class ``"tile"``; its key
    ``tile_px`` is a tile's side, 8 to 300 px, 64 by default: 238 train and 88 test. Its key
    ``val`` may name a photograph to train on, whose tiles are then validated on instead; at
    32 px and with ``val = "coffee"`` there are 776 train, 216 val and 386 test.

    Source: none; the choice and the tiling are ours. Photographs: scikit-image's astronaut
    (NASA, public domain), chelsea (CC0, van der Walt), coffee (CC0, Michetti) and rocket
    (SpaceX, public domain); scikit-learn's china (CC BY 2.0, danielbuechele) and flower
    (CC BY 2.0, vultilion). The names of the 64 px tiles, train then test, each with a line
    feed, have the SHA-256
    952f849020c3c334520bfd350f3ed797e6690b29578cbbe5b2f788c88db28a2a.

    Shape:
        images ``(N, tile_px, tile_px, 3)``; see `ncabench.nca.data.Images`.

    Raises:
        NoData: a photograph did not come with its package.
        ValueError: a photograph is another, or the selection cannot be read.

    >>> PhotoTiles().load({"split": "test", "per_class": 3}).images.shape
    (3, 64, 64, 3)
    >>> [len(PhotoTiles().tiles(split, tile_px=64)) for split in ("train", "test")]
    [238, 88]
    """

    licence = "CC0-1.0, public domain, CC-BY-2.0 (china, flower)"
    kind = "photo_tiles"
    classes = ("tile",)
    vals = (*PHOTOGRAPHS["train"], "test")
    more: ClassVar[Mapping[str, Any]] = {"tile_px": 64}

    def missing(self) -> str:
        """Return which photograph is not installed, or ``""``."""
        return _installed.missing(_files(*PHOTOGRAPHS))

    def verify(self) -> tuple[Verified, ...]:
        """Return each photograph's file with its digest, found and expected."""
        return _installed.verify(_files(*PHOTOGRAPHS))

    def tiles(self, split: str, *, tile_px: int) -> tuple[Tile, ...]:
        """Return a split's tiles in order: photograph, top, left."""
        found = [
            (name, top, left)
            for name, (_, (height, width)) in PHOTOGRAPHS[split].items()
            for top in range(0, height - tile_px + 1, tile_px)
            for left in range(0, width - tile_px + 1, tile_px)
        ]
        return tuple(sorted(found, key=_place_in_order))

    def asked(self, selection: Any) -> Selection:
        """Return the selection, checked. Raises ValueError."""
        found = super().asked(selection)
        tile_px = selections.at_least(8, "tile_px", found.option("tile_px"))
        if tile_px > 300:
            raise ValueError(f"tile_px: the smallest photograph is 300 px high, not {tile_px}")
        return found

    def _held_out(self, labels: Indices, asked: Selection) -> NDArray[np.bool_]:
        """Return which tiles of the training split are those of the photograph ``val``."""
        del labels  # there is one class
        tiles = self.tiles("train", tile_px=asked.option("tile_px"))
        return np.array([name == asked.val for name, _, _ in tiles])

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        return {one.file: one.digest() for one in _files(*asked.splits)}

    def _open(self, split: str, asked: Selection) -> Opened:
        side = asked.option("tile_px")
        tiles = self.tiles(split, tile_px=side)

        def pixels(chosen: Indices) -> Pixels:
            return np.stack([_cut(tiles[one], side=side, split=split) for one in chosen])

        return Opened(labels=np.zeros(len(tiles), dtype=np.int64), pixels=pixels)


def _files(*splits: str) -> list[Installed]:
    return [file for split in splits for file, _ in PHOTOGRAPHS[split].values()]


def _place_in_order(tile: Tile) -> str:
    return hashlib.sha256(":".join(map(str, tile)).encode()).hexdigest()


def _cut(tile: Tile, *, side: int, split: str) -> Pixels:
    name, top, left = tile
    return _photograph(split, name)[top : top + side, left : left + side]


@cache
def _photograph(split: str, name: str) -> Pixels:
    file, size = PHOTOGRAPHS[split][name]
    pixels = read(file.path())
    assert pixels.shape == (*size, 3)
    return pixels
