"""CelebA: 202,599 photographs of faces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import together
from ncabench.nca.data._labelled import Opened, Pixels
from ncabench.nca.data._pictures import decoding, resized, scaled, stacked
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Indices, Selection

SPLITS = {"train": "0", "valid": "1", "test": "2"}  # split: its number in the list of them
LIST = "list_eval_partition.txt"
IMAGES = "img_align_celeba"


class CelebA(Published):
    """CelebA, aligned and cropped: photographs of faces, 178 px wide and 218 px high, RGB.

    Read from where torchvision unpacks it, ``celeba`` under ``root``: the folder of images and
    five lists. A selection is one of images (see `ncabench.nca.data`) of the one class
    ``"face"``; without ``side_px`` or ``resize_px`` images keep their size, which for all of
    them is 23 GB.

    The lists and the archive have published digests. The unpacked images have none; those
    that are selected are hashed, so that a training names what it saw, and a damaged one is
    refused when it is decoded.

    Source: Liu, Luo, Wang and Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015,
    section 4; splits of its list of partitions; MD5s of torchvision's table.

    Shape:
        images ``(N, 218, 178, 3)``, or ``(N, side_px, side_px, 3)``, likewise for
        ``resize_px``.

    Raises:
        NoData: a list or an image is missing.
        ValueError: a list is not what was published, an image cannot be decoded, or the
            selection cannot be read.

    >>> print(CelebA(Path("nowhere")).missing().partition(";")[0])
    celeba: no list_attr_celeba.txt in nowhere/celeba
      to mend it: `ncabench data fetch celeba`
    """

    licence = "non-commercial research only"
    kind = "celeba"
    folder = "celeba"
    by_hand = (
        "`python -m pip install gdown` and fetch again, or put the six files of the "
        "publisher's folder into celeba/ and unpack img_align_celeba.zip there"
    )
    splits = ("train", "valid", "test")
    classes = ("face",)
    full = (218, 178, 3)
    scales = True
    resizes = True
    slow = True
    vals = ("valid", "test")
    published: ClassVar[Mapping[str, str]] = {
        "list_attr_celeba.txt": "75e246fa4810816ffd6ee81facbd244c",
        "identity_CelebA.txt": "32bd1bd63d3c78cd57e08160ec5ed1e2",
        "list_bbox_celeba.txt": "00566efa6fedff7a56946cd1c10f1c16",
        "list_landmarks_align_celeba.txt": "cc24ecafdb5b50baae59b03474781f8c",
        "list_eval_partition.txt": "d32c9cbf5e040fd4025c592c306e6668",
    }
    unpacked = (IMAGES,)
    archive = ("celeba/img_align_celeba.zip", "00d2c5bc6d35e252742224ab0c1e8fcb")

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        place = self.place()
        digests = self._checked(place, tuple(self.published))
        names = [name for split in asked.splits for name in self._chosen(split, asked)]
        paths = [place / IMAGES / name for name in names]
        return {**digests, IMAGES: together(paths, base=place, notes=self.notes)}

    def _unpublished(self) -> Mapping[str, str]:
        return {IMAGES: self._digests(self.asked("all"))[IMAGES]}

    def _chosen(self, split: str, asked: Selection) -> list[str]:
        names = self._names(split)
        where = f"{self.kind}, {split}"
        labels = np.zeros(len(names), dtype=np.int64)
        chosen = selections.choose(labels, asked, names=self.classes, where=where)
        return [names[one] for one in chosen]

    def _names(self, split: str) -> list[str]:
        lines = (self.place() / LIST).read_text(encoding="ascii").splitlines()
        pairs = (line.split() for line in lines)
        return [name for name, number in pairs if number == SPLITS[split]]

    def _open(self, split: str, asked: Selection) -> Opened:
        from torchvision import datasets

        listed = [("", md5, name) for name, md5 in self.published.items()]
        reader = type("Reader", (datasets.CelebA,), {"file_list": listed})
        place = self.place()
        found = reader(str(place.parent), split=split)

        def pixels(chosen: Indices) -> Pixels:
            paths = [place / IMAGES / found.filename[one] for one in chosen]
            return stacked(
                (path, _pixels(found, one, path=path, asked=asked))
                for one, path in zip(chosen, paths, strict=True)
            )

        return Opened(labels=np.zeros(len(found), dtype=np.int64), pixels=pixels)

    def _download(self, root: Path) -> None:
        from torchvision import datasets

        datasets.CelebA(str(root), download=True)


def _pixels(reader: Any, index: int, *, path: Path, asked: Selection) -> Pixels:
    with decoding(path), reader[index][0] as image:
        found = scaled(image, asked.side_px)
    return found if asked.resize_px is None else resized(found, asked.resize_px)
