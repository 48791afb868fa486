"""DTD: 5,640 photographs of textures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ncabench.errors import nearest
from ncabench.nca.data import Images
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import summary, together
from ncabench.nca.data._labelled import Opened, Pixels
from ncabench.nca.data._pictures import decoding, read, scaled, stacked
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Indices, Selection


class Dtd(Published):
    """The Describable Textures Dataset: photographs of 47 kinds of texture, 120 of each, RGB.

    Read from where torchvision unpacks it, ``dtd/dtd`` under ``root``. A selection is the name
    of one photograph, such as ``"swirly_0066"``, which is read as it is; or one of images (see
    `ncabench.nca.data`), with the splits of the set's first partition. Photographs differ in
    size, so that several need ``side_px``.

    The archive has a published digest, the unpacked files have none: those that are selected
    are hashed, so that a training names what it saw, and a damaged one is refused when it is
    decoded.

    Source: Cimpoi, Maji, Kokkinos, Mohamed and Vedaldi, "Describing Textures in the Wild",
    CVPR 2014, section 2; MD5 of torchvision's table.

    Shape:
        images ``(N, side_px, side_px, 3)``, or ``(1, h, w, 3)`` for one photograph.

    Raises:
        NoData: a file is missing.
        ValueError: the archive is not what was published, a photograph cannot be decoded, or
            the selection cannot be read.

    >>> print(Dtd(Path("nowhere")).missing().partition(";")[0])
    dtd: no labels/train1.txt in nowhere/dtd/dtd
      to mend it: `ncabench data fetch dtd`
    """

    licence = "research only"
    kind = "dtd"
    folder = "dtd/dtd"
    archive: ClassVar[tuple[str, str]] = (
        "dtd/dtd-r1.0.1.tar.gz",
        "fff73e5086ae6bdbea199a49dfb8a4c1",
    )
    splits = ("train", "val", "test")
    scales = True
    published: ClassVar[Mapping[str, str]] = {}
    unpacked = ("labels/train1.txt", "labels/val1.txt", "labels/test1.txt", "images")
    classes = (
        *("banded", "blotchy", "braided", "bubbly", "bumpy", "chequered", "cobwebbed"),
        *("cracked", "crosshatched", "crystalline", "dotted", "fibrous", "flecked"),
        *("freckled", "frilly", "gauzy", "grid", "grooved", "honeycombed", "interlaced"),
        *("knitted", "lacelike", "lined", "marbled", "matted", "meshed", "paisley"),
        *("perforated", "pitted", "pleated", "polka-dotted", "porous", "potholed", "scaly"),
        *("smeared", "spiralled", "sprinkled", "stained", "stratified", "striped", "studded"),
        *("swirly", "veined", "waffled", "woven", "wrinkled", "zigzagged"),
    )

    def digest(self, selection: Any) -> str:
        """Return the SHA-256 that names the selection and the files that it reads."""
        if self._is_one(selection):
            path, place = self._one(selection), self.place()
            return summary(selection, {selection: together([path], base=place, notes=None)})
        return super().digest(selection)

    def load(self, selection: Any) -> Images:
        """Return the selected photographs."""
        if self._is_one(selection):
            return self._alone(selection, read(self._one(selection))[None])
        found: Images = super().load(selection)
        return found

    def outline(self, selection: Any) -> Any | None:
        """Return black images; for one photograph, whose size is not known, one pixel."""
        if not self._is_one(selection):
            return super().outline(selection)
        pixels = np.zeros((1, 1, 1, 3), dtype=np.uint8)
        return self._alone(selection, pixels)

    def _alone(self, selection: str, pixels: Pixels) -> Images:
        """Return one photograph."""
        return Images(
            images=pixels,
            labels=np.zeros(1, dtype=np.int64),
            classes=(selection.rpartition("_")[0],),
            parts={selections.ALL: slice(0, 1)},
        )

    def _is_one(self, selection: Any) -> bool:
        return isinstance(selection, str) and selection.rpartition("_")[0] in self.classes

    def _one(self, name: str) -> Path:
        folder = self.place() / "images" / name.rpartition("_")[0]
        path = folder / f"{name}.jpg"
        if not path.is_file():
            near = nearest(name, (one.stem for one in folder.glob("*.jpg")))
            raise ValueError(
                f"{path}: no such file" + (f"\n  did you mean {near!r}?" if near else "")
            )
        return path

    def _unpublished(self) -> Mapping[str, str]:
        return self._digests(self.asked("all"))

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        digests = {}
        for split in asked.splits:
            paths, labels = self._listed(split)
            where = f"{self.kind}, {split}"
            chosen = selections.choose(labels, asked, names=self.classes, where=where)
            selected = [paths[one] for one in chosen]
            digests[split] = together(selected, base=self.place(), notes=self.notes)
        return digests

    def _listed(self, split: str) -> tuple[list[Path], Indices]:
        """The photographs of a split, in the order of its list, and their classes."""
        place = self.place()
        source = place / "labels" / f"{split}1.txt"
        names = source.read_text(encoding="ascii").split()
        paths = [place / "images" / name for name in names]
        for path in paths:
            if path.parent.name not in self.classes:
                raise ValueError(f"{source}: no class is called {path.parent.name!r}")
        labels = [self.classes.index(path.parent.name) for path in paths]
        return paths, np.array(labels, dtype=np.int64)

    def _open(self, split: str, asked: Selection) -> Opened:
        from torchvision import datasets

        paths, labels = self._listed(split)
        found = datasets.DTD(str(self.place().parent.parent), split=split)

        def pixels(chosen: Indices) -> Pixels:
            return stacked(
                (paths[one], _pixels(found, one, path=paths[one], side_px=asked.side_px))
                for one in chosen
            )

        return Opened(labels=labels, pixels=pixels)

    def _download(self, root: Path) -> None:
        from torchvision import datasets

        reader = type("DTD", (datasets.DTD,), {"_MD5": self.archive[1]})  # the name is a folder
        reader(str(root), download=True)


def _pixels(reader: Any, index: int, *, path: Path, side_px: int | None) -> Pixels:
    with decoding(path), reader[index][0] as image:
        return scaled(image, side_px)
