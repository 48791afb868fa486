"""Edges to bags: FashionMNIST's bags, and their Canny edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ncabench.nca.data import Pairs, Verified
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._labelled import Labelled, Opened, Pixels
from ncabench.nca.data._selection import Indices, Selection
from ncabench.nca.data._shipped import Shipped
from ncabench.nca.data.fashion_mnist import FashionMnist

SIGMA_PX = 1.0
LOW, HIGH = 0.1, 0.2  # of the range of an image in [0, 1]


class _Excerpt(Shipped):
    """The bags that ship: the first 400 of the training file, and 100 of the test file."""

    licence = "MIT"
    kind = "edges_to_bags"
    shape = (28, 28)
    classes = ("Bag",)
    file = "fashion/bags_500.npz"
    published = "d4a7d9bac2267c06f748496a3504aa0326a2f391b1c6cec56ebd3407aa8647e5"


class EdgesToBags(Labelled):
    """FashionMNIST's class Bag on white, each image with its Canny edges, 28 px, grey.

    It has the form of Edges2Handbags (black edges on white, photographs on white), and stands
    for it only where a suite says so. Images are inverted, which undoes the last but one step
    of FashionMNIST's making. A selection is one of images (see `ncabench.nca.data`) of the one
    class ``"Bag"``; its key ``source`` is ``"excerpt"`` (400 and 100 images, which ship with
    ncabench) or ``"fashion_mnist"`` (6,000 and 1,000, where FashionMNIST is there).

    Source: Xiao, Rasul and Vollgraf, arXiv 1708.07747, section 2 (images, and their
    inversion); Canny, "A Computational Approach to Edge Detection", IEEE PAMI 1986, as
    scikit-image computes it, with a Gaussian of 1 px and its thresholds 0.1 and 0.2. The
    pairing is ours, after Isola et al., CVPR 2017.

    Shape:
        inputs and targets ``(N, 28, 28)``; see `ncabench.nca.data.Pairs`.

    Raises:
        NoData: the source is FashionMNIST, and it is missing.
        ValueError: the selection cannot be read.

    >>> bags = EdgesToBags().load({"split": "test", "per_class": 2})
    >>> bags.targets.shape, np.unique(bags.inputs).tolist()  # an edge, or none
    ((2, 28, 28), [0, 255])
    """

    licence = "MIT"
    kind = "edges_to_bags"
    classes = ("Bag",)
    more: ClassVar[Mapping[str, Any]] = {"source": "excerpt"}

    def load(self, selection: Any) -> Pairs:
        """Return the selected pairs."""
        images, _, parts = self._gather(self.asked(selection))
        return Pairs(inputs=images[:, 0], targets=images[:, 1], parts=parts)

    def verify(self) -> tuple[Verified, ...]:
        """Return the excerpt's file with its digest, found and published."""
        return _Excerpt().verify()

    def _source(self, asked: Selection) -> Labelled:
        source = selections.one_of(
            ("excerpt", "fashion_mnist"), "source", asked.option("source")
        )
        return _Excerpt() if source == "excerpt" else FashionMnist(self.root)

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        source = self._source(asked)
        bags = {"split": "all", "classes": ["Bag"]}
        return {source.kind: source.digest(bags)}

    def _open(self, split: str, asked: Selection) -> Opened:
        bags = self._source(asked).load({"split": split, "classes": ["Bag"]}).images

        def pixels(chosen: Indices) -> Pixels:
            return np.stack([np.stack([_edges(bag), 255 - bag]) for bag in bags[chosen]])

        return Opened(labels=np.zeros(len(bags), dtype=np.int64), pixels=pixels)


def _edges(image: Pixels) -> Pixels:
    from skimage.feature import canny

    found = canny(image / 255.0, sigma=SIGMA_PX, low_threshold=LOW, high_threshold=HIGH)
    return np.where(found, 0, 255).astype(np.uint8)
