"""The four files of MNIST and of what was made in its image."""

from __future__ import annotations

import hashlib
import tempfile
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ncabench.nca.data._files import content, remembered
from ncabench.nca.data._labelled import Opened
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Selection

PREFIXES = {"train": "train", "test": "t10k"}  # split: how its files begin


class IdxFiles(Published):
    """Base of the sets in four IDX files, gzipped or not.

    ``published`` has the SHA-256 of what each file holds, unpacked, so that it does not matter
    who packed it, and when. torchvision reads the files, from a folder of its own where they
    are gzipped.
    """

    shape = (28, 28)
    resizes = True
    vals = ("test",)
    holds_out = True

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        names = tuple(name for split in asked.splits for name in _names(split))
        return self._checked(self.place(), names)

    def _open(self, split: str, asked: Selection) -> Opened:
        del asked  # every image is read
        images, labels = (self._read(name) for name in _names(split))
        if len(images) != len(labels):
            counts = f"{len(images)} images and {len(labels)} labels"
            raise ValueError(f"{self.kind}, {split}: {counts}")
        return Opened(labels=labels.astype(np.int64), pixels=images.__getitem__)

    def _read(self, name: str) -> NDArray[np.uint8]:
        from torchvision.datasets import mnist

        read = mnist.read_image_file if "idx3" in name else mnist.read_label_file
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content(self._path(self.place(), name) or path))
            found: NDArray[np.uint8] = read(str(path)).numpy()
        return found

    def _found(self, path: Path, published: str) -> str:
        del published  # always a SHA-256

        def make() -> str:
            return hashlib.sha256(content(path)).hexdigest()

        return remembered([path], what="content", notes=self.notes, make=make)

    def _path(self, place: Path, name: str) -> Path | None:
        both = (place / name, place / f"{name}.gz")
        return next((path for path in both if path.is_file()), None)

    @abstractmethod
    def _download(self, root: Path) -> None:
        """Fetch the set with torchvision."""


def _names(split: str) -> tuple[str, str]:
    prefix = PREFIXES[split]
    return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
