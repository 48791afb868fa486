"""What all sets of images with classes share: selecting, digests, loading."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ncabench.nca.data import DataSet, Images
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import summary
from ncabench.nca.data._selection import Indices, Selection

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A split of a set, with the pixels still to be read.

    Attributes:
        labels: the class of each image, an index of the set's ``classes``.
        pixels: returns the images of which it is given the indices.
    """

    labels: Indices
    pixels: Callable[[Indices], Pixels]


class Labelled(DataSet):
    """Base of the sets of images; a set says which splits and classes it has, and reads them.

    Attributes:
        kind: the set's name in a suite.
        splits: its splits, in order.
        classes: its classes; the set's own labels index them.
        shape: an image's shape; None where images differ in size.
        scales: whether a suite may set ``side_px``.
        more: keys of a selection that only this set has, with their defaults.
    """

    kind: ClassVar[str]
    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    classes: ClassVar[tuple[str, ...]]
    shape: ClassVar[tuple[int, ...] | None] = None
    scales: ClassVar[bool] = False
    more: ClassVar[Mapping[str, Any]] = {}

    def digest(self, selection: Any) -> str:
        """Return the SHA-256 that names the selection and the files that it reads."""
        asked = self.asked(selection)
        return summary(asked.canonical(), self._digests(asked))

    def load(self, selection: Any) -> Any:
        """Return the selected images."""
        asked = self.asked(selection)
        images, labels, parts = self._gather(asked)
        return Images(images=images, labels=labels, classes=asked.classes, parts=parts)

    def asked(self, selection: Any) -> Selection:
        """Return the selection, checked. Raises ValueError."""
        return selections.read(
            selection,
            splits=self.splits,
            classes=self.classes,
            scales=self.scales,
            more=self.more,
        )

    @abstractmethod
    def _digests(self, asked: Selection) -> Mapping[str, str]:
        """Return the digest of each thing that is read; refuses what was not published."""

    @abstractmethod
    def _open(self, split: str, asked: Selection) -> Opened:
        """Return a split."""

    def _gather(self, asked: Selection) -> tuple[Pixels, Indices, dict[str, slice]]:
        self._digests(asked)
        images, labels, parts, start = [], [], {}, 0
        for split in asked.splits:
            opened, where = self._open(split, asked), f"{self.kind}, {split}"
            chosen = selections.choose(opened.labels, asked, names=self.classes, where=where)
            images.append(self._of_the_right_size(opened.pixels(chosen), where))
            labels.append(selections.relabel(opened.labels[chosen], asked, names=self.classes))
            parts[split] = slice(start, start + len(chosen))
            start += len(chosen)
        return np.concatenate(images), np.concatenate(labels), parts

    def _of_the_right_size(self, images: Pixels, where: str) -> Pixels:
        if self.shape is not None and images.shape[1:] != self.shape:
            raise ValueError(
                f"{where}: images of {images.shape[1:]}, where {self.shape} are expected"
            )
        return images
