"""Data sets: what is there, what is missing, and the digest of what is read.

A set is read by its *selection*, which a suite writes as a parameter of its task. For sets of
images it is the name of a split, or a table:

    images = "train"
    images = { split = "all", classes = ["3", "7"], per_class = 100 }

``split`` is one of the set's splits or ``"all"`` (left out: all); ``classes`` are names, in
the order that labels then count them (left out: all); ``per_class`` takes the first so many of
each class in each split; ``side_px``, where a set's images are large or differ in size, scales
each to that shorter side and crops its centre. Such sets load as `Images`, sets of pairs as
`Pairs`.

    images = { split = "all", resize_px = 32, val = "test" }

``resize_px`` stretches or squeezes each image to that many pixels on both sides, and crops
nothing. ``val`` says what is validated on, as a part of that name, where a set has no split
``val`` of its own and all splits are selected: another split (``"test"``: what is validated on
is what is tested on), or the last so many images of each class of the training split, which
are then not trained on.

Nothing here imports torch, so that a plan can name its data in under a second; torchvision's
readers are imported by the call that reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images with a class each, one split after another.

    Attributes:
        images: ``(N, h, w)`` grey or ``(N, h, w, 3)`` RGB, uint8, black is 0.
        labels: ``(N,)``, int64; they index ``classes``.
        classes: names of the classes, in the order of the selection.
        parts: where each split lies in the arrays; two may be the same images.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    parts: Mapping[str, slice]

    def part(self, split: str) -> Images:
        """Return the images of one split alone. Raises KeyError where it was not selected."""
        here = self.parts[split]
        images, labels = self.images[here], self.labels[here]
        return replace(self, images=images, labels=labels, parts={split: slice(0, len(labels))})


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Images, each with the image that should be made from it, one split after another.

    Attributes:
        inputs: ``(N, h, w)`` grey or ``(N, h, w, 3)`` RGB, uint8.
        targets: likewise, of the same size.
        parts: where each split lies in the arrays.
    """

    inputs: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    parts: Mapping[str, slice]


@dataclass(frozen=True, kw_only=True)
class Videos:
    """Sequences of frames, one split after another.

    Attributes:
        frames: ``(N, T, h, w)``, uint8.
        digits: ``(N, D)``, int64: which digits a sequence shows.
        parts: where each split lies in the arrays.
    """

    frames: NDArray[np.uint8]
    digits: NDArray[np.int64]
    parts: Mapping[str, slice]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """One thing that a set reads, beside what was published of it.

    Attributes:
        what: the file, or the files, that were read.
        found: its digest in hex, or why it has none.
        published: the digest that it should have; ``""`` where none was published.
    """

    what: str
    found: str
    published: str

    @property
    def state(self) -> str:
        """``"ok"``, ``"differs"``, or ``"unpublished"``: read, and nothing to compare with."""
        if not self.published:
            return "unpublished"
        return "ok" if self.found == self.published else "differs"


class DataSet(ABC):
    """A data set on this machine; ``__init__`` takes ``root``, where to look, or None.

    Attributes:
        licence: SPDX name of the licence that the data carries, ``"the user's"``, or in words
            what its publisher says.
    """

    version: ClassVar[int] = 1
    licence: ClassVar[str]

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def missing(self) -> str:
        """Return what of the set is not here and what mends it, or ``""`` where all is here."""
        return ""

    @abstractmethod
    def digest(self, selection: Any) -> str:
        """Return the SHA-256, in hex, that names what `load` would read for ``selection``.

        Raises:
            NoData: something is missing; the message says what mends it.
            ValueError: ``selection`` cannot be read as what it should be, or a file is not
                what was published.
        """

    @abstractmethod
    def load(self, selection: Any) -> Any:
        """Return the data as NumPy arrays. Raises what `digest` raises."""

    def outline(self, selection: Any) -> Any | None:  # noqa: ARG002 -- a set's own business
        """Return what `load` would for ``selection``, of the same sizes but black and short.

        It needs no files, so that what is built for the data can be built where there is
        none. None where sizes cannot be told without reading.

        Raises:
            ValueError: ``selection`` cannot be read as what it should be.
        """
        return None

    def verify(self) -> tuple[Verified, ...]:
        """Read everything again and return it beside what was published.

        Empty where a set has nothing of its own to compare.

        Raises:
            NoData: something is missing.
        """
        return ()

    def fetch(self) -> str:
        """Bring what is missing into ``root``, and return what was done.

        Raises:
            NoData: it cannot be brought; the message says what else mends it.
        """
        return "nothing to fetch: it comes with ncabench, or is made from what does"
