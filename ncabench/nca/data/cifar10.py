"""CIFAR-10: 60,000 small colour photographs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ncabench.nca.data._labelled import Opened
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Selection

BATCHES = {
    "train": ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"),
    "test": ("test_batch",),
}
META = "batches.meta"


class Cifar10(Published):
    """CIFAR-10: 50,000 training and 10,000 test photographs of ten classes, 32 px, RGB.

    Read from where torchvision unpacks it, ``cifar-10-batches-py`` under ``root``; an archive
    that lies beside it is unpacked by ``ncabench data fetch cifar10``, without a network. A
    selection is one of images (see `ncabench.nca.data`).

    Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical
    report, University of Toronto, 2009, section 3.1; MD5s of torchvision's table.

    Shape:
        images ``(N, 32, 32, 3)``; see `ncabench.nca.data.Images`.

    Raises:
        NoData: a file is missing.
        ValueError: a file is not what was published, or the selection cannot be read.

    >>> print(Cifar10(Path("nowhere")).missing().partition(";")[0])
    cifar10: no data_batch_1 in nowhere/cifar-10-batches-py
      to mend it: `ncabench data fetch cifar10`
    """

    licence = "none stated"
    kind = "cifar10"
    folder = "cifar-10-batches-py"
    archive: ClassVar[tuple[str, str]] = (
        "cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
    )
    shape = (32, 32, 3)
    resizes = True
    vals = ("test",)
    holds_out = True
    classes = (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )
    published: ClassVar[Mapping[str, str]] = {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
        "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    }

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        names = tuple(name for split in asked.splits for name in BATCHES[split])
        return self._checked(self.place(), (*names, META))

    def _open(self, split: str, asked: Selection) -> Opened:
        del asked  # every image is read
        found = self._reader()(str(self.place().parent), train=split == "train")
        if tuple(found.classes) != self.classes:
            raise ValueError(f"{self.kind}, {META}: the classes are {found.classes}")
        labels = np.array(found.targets, dtype=np.int64)
        return Opened(labels=labels, pixels=found.data.__getitem__)

    def _download(self, root: Path) -> None:
        self._reader()(str(root), download=True)

    def _reader(self) -> Any:
        """Torchvision's reader, which checks the same digests."""
        from torchvision import datasets

        def listed(split: str) -> list[list[str]]:
            return [[name, self.published[name]] for name in BATCHES[split]]

        tables = {
            "tgz_md5": self.archive[1],
            "train_list": listed("train"),
            "test_list": listed("test"),
            "meta": {"filename": META, "key": "label_names", "md5": self.published[META]},
        }
        return type("Reader", (datasets.CIFAR10,), tables)
