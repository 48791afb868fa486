"""Edges2Handbags: photographs of handbags, and their edges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from ncabench.nca.data import Pairs
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import together
from ncabench.nca.data._labelled import Opened, Pixels
from ncabench.nca.data._pictures import read, scaled, stacked
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Indices, Selection


class Edges2Handbags(Published):
    """Edges2Handbags: 256 px photographs of handbags on white, each with its edges, RGB.

    Read from the folders of the published archive, ``edges2handbags/train`` and ``/val`` under
    ``root``: one JPEG or PNG file a pair, edges (black on white) on its left half. Files are
    taken in the order of the numbers that their names begin with. A selection is one of images
    (see `ncabench.nca.data`) of the one class ``"handbag"``.

    No digest of the archive is published. The files that are selected are hashed, so that a
    training names what it saw, and a damaged one is refused when it is decoded.

    Source: Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional
    Adversarial Networks", CVPR 2017, section 6.2 (training details of edges to handbags); the
    photographs are those of Zhu et al., ECCV 2016.

    Shape:
        inputs and targets ``(N, 256, 256, 3)``, or ``(N, side_px, side_px, 3)``; see
        `ncabench.nca.data.Pairs`.

    Raises:
        NoData: a folder is missing.
        ValueError: a folder is empty, a file is no image or of another size, or the selection
            cannot be read.

    >>> print(Edges2Handbags(Path("nowhere")).missing().partition(" --data")[0])
    edges2handbags: no train in nowhere/edges2handbags
      to mend it: unpack the published edges2handbags.tar.gz under the folder of data sets;
    """

    licence = "none stated"
    kind = "edges2handbags"
    folder = "edges2handbags"
    splits = ("train", "val")
    classes = ("handbag",)
    scales = True
    published: ClassVar[Mapping[str, str]] = {}
    unpacked = ("train", "val")

    def load(self, selection: Any) -> Pairs:
        """Return the selected pairs."""
        images, _, parts = self._gather(self.asked(selection))
        return Pairs(inputs=images[:, 0], targets=images[:, 1], parts=parts)

    def _unpublished(self) -> Mapping[str, str]:
        return self._digests(self.asked("all"))

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        place, digests = self.place(), {}
        for split in asked.splits:
            paths = self._paths(split)
            labels, where = np.zeros(len(paths), dtype=np.int64), f"{self.kind}, {split}"
            chosen = selections.choose(labels, asked, names=self.classes, where=where)
            selected = [paths[one] for one in chosen]
            digests[split] = together(selected, base=place, notes=self.notes)
        return digests

    def _open(self, split: str, asked: Selection) -> Opened:
        paths = self._paths(split)

        def pixels(chosen: Indices) -> Pixels:
            return stacked((paths[one], _halves(paths[one], asked.side_px)) for one in chosen)

        return Opened(labels=np.zeros(len(paths), dtype=np.int64), pixels=pixels)

    def _paths(self, split: str) -> list[Path]:
        found = (self.place() / split).iterdir()
        return sorted((path for path in found if path.suffix in (".jpg", ".png")), key=_number)

    def _mend(self) -> str:
        return (
            "unpack the published edges2handbags.tar.gz under the folder of data sets; "
            "--data or NCABENCH_DATA names it"
        )

    def _elsewhere(self) -> str:
        return self._mend()

    def _download(self, root: Path) -> None:
        raise RuntimeError(f"torchvision cannot download it into {root}")


def _number(path: Path) -> tuple[int, str]:
    digits = path.stem.partition("_")[0]
    return (int(digits) if digits.isdecimal() else 0, path.name)


def _halves(path: Path, side_px: int | None) -> Pixels:
    """The edges and the photograph, ``(2, h, w, 3)``."""
    whole = read(path)
    height, width = whole.shape[:2]
    if (height, width) != (256, 512):
        raise ValueError(f"{path}: {width} x {height} px, where 512 x 256 are expected")
    halves = (whole[:, :256], whole[:, 256:])
    return np.stack([scaled(Image.fromarray(half), side_px) for half in halves])
