"""Tiny ImageNet: 120,000 photographs of 64 px."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import together
from ncabench.nca.data._labelled import Opened, Pixels
from ncabench.nca.data._pictures import decoding, scaled, stacked
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Indices, Selection

SOURCE = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
CLASSES = "wnids.txt"


class TinyImageNet(Published):
    """Tiny ImageNet: 100,000 photographs to train on, 10,000 to validate and 10,000 to test on.

    Read as the published archive unpacks, ``tiny-imagenet-200`` under ``root``:
    ``wnids.txt``, ``train/CLASS/images``, ``val/images`` and ``test/images``. A selection is
    one of images (see `ncabench.nca.data`) of the one class ``"photograph"``: its 200 classes
    are not told, since the photographs of the split test have none. Those of the split train
    come class by class, in the order of ``wnids.txt``; within a folder the numbers in the
    names count. Photographs stored grey are made RGB.

    The archive has a published digest. The unpacked files have none; those that are selected
    are counted and hashed, so that a training names what it saw, and a damaged one is refused
    when it is decoded.

    Source: Le and Yang, "Tiny ImageNet Visual Recognition Challenge", Stanford CS231n, 2015,
    section 2; the MD5 is that of the archive as its publisher serves it.

    Shape:
        images ``(N, 64, 64, 3)``; see `ncabench.nca.data.Images`.

    Raises:
        NoData: a folder or a photograph is missing.
        ValueError: a folder has too few photographs or too many, one cannot be decoded or has
            another size, or the selection cannot be read.

    >>> print(TinyImageNet(Path("nowhere")).missing().partition(";")[0])
    tiny_imagenet: no wnids.txt in nowhere/tiny-imagenet-200
      to mend it: `ncabench data fetch tiny_imagenet`
    """

    licence = "non-commercial research only"
    kind = "tiny_imagenet"
    folder = "tiny-imagenet-200"
    by_hand = f"unpack {SOURCE} there"
    archive: ClassVar[tuple[str, str]] = (
        "tiny-imagenet-200.zip",
        "90528d7ca1a48142e341f4ef8d21d0de",
    )
    splits = ("train", "val", "test")
    classes = ("photograph",)
    shape = (64, 64, 3)
    resizes = True
    slow = True
    published: ClassVar[Mapping[str, str]] = {}
    unpacked = (CLASSES, "train", "val/images", "test/images")
    counts: ClassVar[Mapping[str, int]] = {
        "train": 500,
        "val": 10_000,
        "test": 10_000,
    }  # a folder

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        place, digests = self.place(), {}
        for split in asked.splits:
            paths = self._paths(split)
            labels, where = np.zeros(len(paths), dtype=np.int64), f"{self.kind}, {split}"
            chosen = selections.choose(labels, asked, names=self.classes, where=where)
            selected = [paths[one] for one in chosen]
            digests[split] = together(selected, base=place, notes=self.notes)
        return digests

    def _unpublished(self) -> Mapping[str, str]:
        return self._digests(self.asked("all"))

    def _open(self, split: str, asked: Selection) -> Opened:
        del asked  # every photograph is as it is
        paths = self._paths(split)

        def pixels(chosen: Indices) -> Pixels:
            return stacked((paths[one], _read(paths[one])) for one in chosen)

        return Opened(labels=np.zeros(len(paths), dtype=np.int64), pixels=pixels)

    def _paths(self, split: str) -> list[Path]:
        """Return the photographs of a split, in order. Raises ValueError where some lack."""
        place = self.place()
        folders = [place / split / "images"]
        if split == "train":
            names = (place / CLASSES).read_text(encoding="ascii").split()
            folders = [place / split / name / "images" for name in names]
        return [path for folder in folders for path in self._within(folder, split)]

    def _within(self, folder: Path, split: str) -> list[Path]:
        found = sorted(folder.glob("*.JPEG"), key=_number)
        if len(found) != self.counts[split]:
            raise ValueError(
                f"{folder}: {len(found)} photographs, where {self.counts[split]} are expected\n"
                f"  to mend it: {self.by_hand}"
            )
        return found

    def _download(self, root: Path) -> None:
        from torchvision.datasets.utils import download_and_extract_archive

        name, md5 = self.archive
        download_and_extract_archive(SOURCE, str(root), filename=name, md5=md5)


def _number(path: Path) -> int:
    """Return the number at the end of a photograph's name, such as ``val_12.JPEG``.

    Raises:
        ValueError: there is none.
    """
    number = path.stem.rpartition("_")[2]
    if not number.isdecimal():
        raise ValueError(
            f"{path}: expected a name that ends with a number, such as val_12.JPEG"
        )
    return int(number)


def _read(path: Path) -> Pixels:
    with decoding(path), Image.open(path, formats=("JPEG",)) as image:
        return scaled(image, None)
