"""What all sets of images with classes share: selecting, digests, loading."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ncabench.nca.data import DataSet, Images
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import summary
from ncabench.nca.data._pictures import resized
from ncabench.nca.data._selection import Indices, Selection

Pixels = NDArray[np.uint8]
TRAIN, VAL = "train", "val"


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
        shape: an image's shape, checked as images are read; None where it is not.
        full: the shape of an image that is neither scaled nor cut, where all have one.
        scales: whether a suite may set ``side_px``.
        resizes: whether a suite may set ``resize_px``.
        vals: what a suite may name to validate on.
        holds_out: whether it may hold out a number of images of each class instead.
        more: keys of a selection that only this set has, with their defaults.
    """

    kind: ClassVar[str]
    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    classes: ClassVar[tuple[str, ...]]
    shape: ClassVar[tuple[int, ...] | None] = None
    full: ClassVar[tuple[int, ...] | None] = None
    scales: ClassVar[bool] = False
    resizes: ClassVar[bool] = False
    vals: ClassVar[tuple[str, ...]] = ()
    holds_out: ClassVar[bool] = False
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

    def outline(self, selection: Any) -> Any | None:
        """Return one black image of each selected class for each part that `load` gives."""
        asked = self.asked(selection)
        shape = self._outlined(asked)
        if shape is None:
            return None
        names, classes = list(asked.splits), len(asked.classes)
        held = asked.val is not None and asked.val not in self.splits
        names += [VAL] if held and VAL not in names else []
        parts = {name: slice(i * classes, (i + 1) * classes) for i, name in enumerate(names)}
        if asked.val in parts:
            parts[VAL] = parts[str(asked.val)]
        labels = np.tile(np.arange(classes), len(names))
        images = np.zeros((len(labels), *shape), dtype=np.uint8)
        return Images(images=images, labels=labels, classes=asked.classes, parts=parts)

    def asked(self, selection: Any) -> Selection:
        """Return the selection, checked. Raises ValueError."""
        return selections.read(
            selection,
            splits=self.splits,
            classes=self.classes,
            scales=self.scales,
            resizes=self.resizes,
            vals=self.vals,
            holds_out=self.holds_out,
            more=self.more,
        )

    def _outlined(self, asked: Selection) -> tuple[int, ...] | None:
        """Return the shape of a selected image, or None where only reading tells."""
        full = self.full or self.shape
        side = asked.resize_px or asked.side_px
        return (side, side, *full[2:]) if full and side else full

    @abstractmethod
    def _digests(self, asked: Selection) -> Mapping[str, str]:
        """Return the digest of each thing that is read; refuses what was not published."""

    @abstractmethod
    def _open(self, split: str, asked: Selection) -> Opened:
        """Return a split."""

    def _gather(self, asked: Selection) -> tuple[Pixels, Indices, dict[str, slice]]:
        read = summary(asked.canonical(), self._digests(asked))
        images, labels, parts, start = [], [], {}, 0
        for split in asked.splits:
            opened, where = self._open(split, asked), f"{self.kind}, {split}"
            for part, chosen in self._shares(split, opened.labels, asked):
                make = partial(self._made, opened, chosen, asked, where)
                images.append(self._once(make, name=f"{self.kind}-{part}-{read}"))
                found = opened.labels[chosen]
                labels.append(selections.relabel(found, asked, names=self.classes))
                parts[part] = slice(start, start + len(chosen))
                start += len(chosen)
        if asked.val in parts:
            parts[VAL] = parts[str(asked.val)]  # the same images under a second name
        return np.concatenate(images), np.concatenate(labels), parts

    def _shares(
        self, split: str, labels: Indices, asked: Selection
    ) -> Iterator[tuple[str, Indices]]:
        """Yield the parts that a split has, and which of its images they are."""
        held = np.zeros(len(labels), dtype=bool)
        if split == TRAIN and asked.val is not None and asked.val not in self.splits:
            held = self._held_out(labels, asked)
        shares = [(split, ~held, asked)]
        if held.any():
            counted = type(asked.val) is int
            shares.append((VAL, held, replace(asked, per_class=None) if counted else asked))
        for part, its, how in shares:
            left, where = np.flatnonzero(its), f"{self.kind}, {part}"
            names = self.classes
            yield part, left[selections.choose(labels[left], how, names=names, where=where)]

    def _held_out(self, labels: Indices, asked: Selection) -> NDArray[np.bool_]:
        """Return which images of the training split are validated on: the last of each class.

        Raises:
            ValueError: a class has no more images than are to be held out.
        """
        assert type(asked.val) is int
        held = np.zeros(len(labels), dtype=bool)
        for name in asked.classes:
            found = np.flatnonzero(labels == self.classes.index(name))
            if len(found) <= asked.val:
                raise ValueError(
                    f"{self.kind}, {TRAIN}: val is {asked.val}, "
                    f"but there are only {len(found)} images of class {name!r}"
                )
            held[found[-asked.val :]] = True
        return held

    def _once(self, make: Callable[[], Pixels], *, name: str) -> Pixels:  # noqa: ARG002 -- others'
        """Return a part's images; ``name`` is theirs alone."""
        return make()

    def _made(self, opened: Opened, chosen: Indices, asked: Selection, where: str) -> Pixels:
        images = opened.pixels(chosen)
        if self.shape is not None and images.shape[1:] != self.shape:
            raise ValueError(
                f"{where}: images of {images.shape[1:]}, where {self.shape} are expected"
            )
        if self.shape is None or asked.resize_px is None:
            return images
        return np.stack([resized(one, asked.resize_px) for one in images])
