"""FashionMNIST: 70,000 pieces of clothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ncabench.nca.data._idx import IdxFiles


class FashionMnist(IdxFiles):
    """FashionMNIST: 60,000 training and 10,000 test images of clothing, 28 px, grey.

    Read from where torchvision puts it, ``FashionMNIST/raw`` under ``root``, or else from where
    Debian's package ``dataset-fashion-mnist`` puts it, gzipped or not. A selection is one of
    images (see `ncabench.nca.data`); ten classes, ``"Bag"`` among them.

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms", arXiv 1708.07747, table 2 (classes). The digests are of the
    four files unpacked; Debian's differ from the published ones in the gzip header alone, and
    with the header restored have the MD5s of torchvision's table.

    Shape:
        images ``(N, 28, 28)``, the background is 0; see `ncabench.nca.data.Images`.

    Raises:
        NoData: a file is missing.
        ValueError: a file is not what was published, or the selection cannot be read.

    >>> FashionMnist().asked({"classes": ["Bag"], "per_class": 5}).splits
    ('train', 'test')
    """

    licence = "MIT"
    kind = "fashion_mnist"
    folder = "FashionMNIST/raw"
    by_hand = "`apt-get install dataset-fashion-mnist` (Debian, Ubuntu)"
    elsewhere: ClassVar[tuple[Path, ...]] = (Path("/usr/share/datasets/fashion-mnist"),)
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    published: ClassVar[Mapping[str, str]] = {
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    }

    def _places(self) -> list[Path]:
        return [*super()._places(), *self.elsewhere]

    def _download(self, root: Path) -> None:
        from torchvision import datasets

        datasets.FashionMNIST(str(root), download=True)
