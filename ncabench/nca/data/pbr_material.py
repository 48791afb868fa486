"""Materials of physically based rendering: five maps of one surface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ncabench.errors import NoData, nearest
from ncabench.nca.data import DataSet, Images
from ncabench.nca.data._files import Pixels, summary, together
from ncabench.nca.data._pictures import decoding
from ncabench.nca.data._published import NAME_IT
from ncabench.nca.data._selection import ALL

FOLDER = "pbr_material"
COLOURED = ("albedo", "normal")
GREY = ("height", "roughness", "occlusion")
LAYOUT = ", ".join(f"{name}.png" for name in (*COLOURED, *GREY))


class PbrMaterial(DataSet):
    """The maps of a material, which a user provides: one folder of PNG files each.

    Read from ``pbr_material/NAME`` under ``root``: ``albedo.png`` and ``normal.png``, RGB, and
    ``height.png``, ``roughness.png`` and ``occlusion.png``, grey, of 8 or 16 bits and all of
    one size. A selection is a material's NAME. The three grey maps become the channels of one
    image.

    Source: Cells to Pixels, table 1, "PBR texture", whose nine outputs these are. It does not
    say which materials it shows, and no digest is published.

    Shape:
        images ``(3, h, w, 3)``: albedo, normals, and height with roughness and occlusion.

    Raises:
        NoData: a map is missing, or there is no material at all.
        ValueError: there is no material of that name, a map cannot be decoded, or maps differ
            in size.

    >>> print(PbrMaterial(Path("nowhere")).missing().partition(",")[0])
    pbr_material: no material in nowhere/pbr_material
      to mend it: put one there: NAME/albedo.png
    """

    licence = "the user's"

    def missing(self) -> str:
        """Return that no material is here, and how one is put here, or ``""``."""
        try:
            self._names()
        except NoData as error:
            return str(error)
        return ""

    def digest(self, selection: Any) -> str:
        """Return the SHA-256 that names the material and its files."""
        paths = self._paths(selection)
        found = together(paths, base=paths[0].parent, notes=self.root)
        return summary(str(selection), {"maps": found})

    def load(self, selection: Any) -> Images:
        """Return the maps of a material."""
        paths = self._paths(selection)
        coloured = [_rgb(path) for path in paths[: len(COLOURED)]]
        grey = [_grey(path) for path in paths[len(COLOURED) :]]
        size = coloured[0].shape[:2]
        for path, pixels in zip(paths, coloured + grey, strict=True):
            if pixels.shape[:2] != size:
                raise ValueError(
                    f"{path}: {pixels.shape[1]} x {pixels.shape[0]} px, where {paths[0].name} "
                    f"has {size[1]} x {size[0]}"
                )
        return _images(np.stack([*coloured, np.stack(grey, axis=-1)]), str(selection))

    def outline(self, selection: Any) -> Images:
        """Return three black maps of one pixel."""
        return _images(np.zeros((3, 1, 1, 3), dtype=np.uint8), str(selection))

    def _names(self) -> list[str]:
        """Return the names of the materials that are here, one or more."""
        if self.root is None:
            raise NoData(f"{FOLDER}: no folder of data sets is named", NAME_IT)
        place = self.root / FOLDER
        found = sorted(one.name for one in place.glob("*") if one.is_dir())
        if not found:
            mend = f"put one there: NAME/{LAYOUT}"
            raise NoData(f"{FOLDER}: no material in {place}", mend)
        return found

    def _paths(self, selection: Any) -> list[Path]:
        names = self._names()
        assert self.root is not None, "names were found in it"
        folder = self.root / FOLDER / str(selection)
        if selection not in names:
            near = nearest(str(selection), names)
            said = f"{folder}: no such folder"
            raise ValueError(said + (f"\n  did you mean {near!r}?" if near else ""))
        paths = [folder / f"{name}.png" for name in (*COLOURED, *GREY)]
        for path in paths:
            if not path.is_file():
                raise NoData(f"{FOLDER}: no {path.name} in {folder}", f"put {path} there")
        return paths


def _rgb(path: Path) -> Pixels:
    with decoding(path), Image.open(path, formats=("PNG",)) as image:
        return np.array(image.convert("RGB"))


def _grey(path: Path) -> Pixels:
    """Return a grey map; of 16 bits the upper eight, which Pillow would cut off at 255."""
    with decoding(path), Image.open(path, formats=("PNG",)) as image:
        if image.mode.startswith("I"):
            return (np.array(image).astype(np.int64) >> 8).astype(np.uint8)
        return np.array(image.convert("L"))


def _images(pixels: Pixels, name: str) -> Images:
    labels = np.zeros(len(pixels), dtype=np.int64)
    return Images(
        images=pixels, labels=labels, classes=(name,), parts={ALL: slice(0, len(pixels))}
    )
