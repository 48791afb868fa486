"""500 images of FashionMNIST, always there."""

from __future__ import annotations

from ncabench.nca.data._shipped import Shipped
from ncabench.nca.data.fashion_mnist import FashionMnist


class FashionMnist500(Shipped):
    """500 real images of FashionMNIST, 50 a class: 40 to train on and 10 to test.

    They ship with ncabench, so ``root`` is not used: enough to try a suite out, and too few for
    a result. Images are the first of each class in FashionMNIST's training and test files, so
    the split is FashionMNIST's own. A selection is one of images (see `ncabench.nca.data`).

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms", arXiv 1708.07747; the excerpt is ours.

    Shape:
        images ``(N, 28, 28)``, the background is 0; see `ncabench.nca.data.Images`.

    Raises:
        ValueError: the selection cannot be read.

    >>> FashionMnist500().load({"split": "test", "classes": ["Bag"]}).images.shape
    (10, 28, 28)
    """

    licence = "MIT"
    kind = "fashion_mnist_500"
    shape = (28, 28)
    classes = FashionMnist.classes
    file = "fashion/fashion_mnist_500.npz"
    published = "ef0aeda67219c963afeaca33049e747557ccfcbdb7280a8d18e552709ba20d44"
