"""MNIST: 70,000 handwritten digits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ncabench.nca.data._idx import IdxFiles


class Mnist(IdxFiles):
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 px, grey.

    Read from where torchvision puts it, ``MNIST/raw`` under ``root``, gzipped or not. A
    selection is one of images (see `ncabench.nca.data`), with classes ``"0"`` to ``"9"``.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 1998, section III.A; the digests are of the four
    files unpacked, whose archives have the MD5s of torchvision's table.

    Shape:
        images ``(N, 28, 28)``, ink is 255; see `ncabench.nca.data.Images`.

    Raises:
        NoData: a file is missing.
        ValueError: a file is not what was published, or the selection cannot be read.

    >>> print(Mnist(Path("nowhere")).missing().partition(";")[0])
    mnist: no train-images-idx3-ubyte in nowhere/MNIST/raw
      to mend it: `ncabench data fetch mnist`
    """

    licence = "CC-BY-SA-3.0"
    kind = "mnist"
    folder = "MNIST/raw"
    classes = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    published: ClassVar[Mapping[str, str]] = {
        "train-images-idx3-ubyte": (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    }

    def _download(self, root: Path) -> None:
        from torchvision import datasets

        datasets.MNIST(str(root), download=True)
