"""Sets that ship with ncabench, each in one compressed file of NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from ncabench.errors import NoData
from ncabench.nca.data import Verified
from ncabench.nca.data._files import digest, refusal
from ncabench.nca.data._labelled import Labelled, Opened
from ncabench.nca.data._selection import Selection

FOLDER = Path(__file__).parent
AGAIN = "install ncabench again"


class Shipped(Labelled):
    """Base of the sets in a file of this folder: images and labels of both splits.

    Attributes:
        file: the file, under this folder.
        published: its SHA-256.
    """

    resizes = True
    vals = ("test",)
    holds_out = True
    file: ClassVar[str]
    published: ClassVar[str]

    def missing(self) -> str:
        """Return that the file did not come with the installation, or ``""``."""
        return "" if self.path().is_file() else str(self._lost())

    def path(self) -> Path:
        """Return where the file lies."""
        return FOLDER / self.file

    def verify(self) -> tuple[Verified, ...]:
        """Return the file with its digest, found and published."""
        found = self._digest()
        return (Verified(what=str(self.path()), found=found, published=self.published),)

    def _digest(self) -> str:
        if not self.path().is_file():
            raise self._lost()
        return digest(self.path(), algorithm="sha256")

    def _lost(self) -> NoData:
        return NoData(f"{self.kind}: {self.path()} is missing", AGAIN)

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        del asked  # all that a split needs is in one file
        found = self._digest()
        if found != self.published:
            raise refusal(self.path(), found=found, published=self.published, mend=AGAIN)
        return {self.file: found}

    def _open(self, split: str, asked: Selection) -> Opened:
        del asked
        with np.load(self.path()) as arrays:
            images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        return Opened(labels=labels.astype(np.int64), pixels=images.__getitem__)
