"""MovingMNIST: two digits that bounce in a box, made from a set of digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncabench.nca.data import DataSet, Images, Videos
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._draws import uniform
from ncabench.nca.data._files import summary
from ncabench.nca.data._labelled import Labelled, Pixels
from ncabench.nca.data._selection import Selection
from ncabench.nca.data.mnist import Mnist
from ncabench.nca.data.mnist_5k import Mnist5k

SIDE_PX = 64
DIGIT_PX = 28
ROOM_PX = SIDE_PX - DIGIT_PX  # how far a digit's corner can go
SPEED_PX = (2.0, 5.0)  # per frame
SETS: Mapping[str, type[Labelled]] = {"mnist_5k": Mnist5k, "mnist": Mnist}
DEFAULTS: Mapping[str, Any] = {"digits": "mnist_5k", "sequences": 200, "frames": 20}


class MovingMnist(DataSet):
    """Sequences of 64 x 64 px in which two digits move in straight lines and bounce, grey.

    Each sequence shows two digits drawn from the same split of a set of digits. Corners start
    anywhere in the box; directions are uniform, and speeds uniform between 2 and 5 px a frame.
    Positions are rounded to whole pixels; where digits overlap the brighter one is seen.

    A selection is the name of a split, ``"train"`` or ``"test"``, or a table of ``split``,
    ``classes`` (which digits), ``digits`` (``"mnist_5k"``, which is always there, or
    ``"mnist"``), ``sequences`` (200 for each split by default) and ``frames`` (20). Chance is
    keyed by split and number of the sequence, so fewer sequences are the first of more.

    Source: Srivastava, Mansimov and Salakhutdinov, "Unsupervised Learning of Video
    Representations using LSTMs", ICML 2015, section 4.1 of arXiv 1502.04681 (20 frames, 64 x
    64, two digits, uniform direction, speed "over a fixed range"). The range is not printed;
    2 to 5 px is ours. Only the sequences are made anew: they are not the published test file.

    Shape:
        frames ``(N, T, 64, 64)``, uint8; see `ncabench.nca.data.Videos`.

    Raises:
        NoData: the digits are MNIST's, and it is missing.
        ValueError: the selection cannot be read.

    >>> videos = MovingMnist().load({"split": "test", "sequences": 3, "frames": 5})
    >>> videos.frames.shape, videos.digits.shape
    ((3, 5, 64, 64), (3, 2))
    """

    licence = "CC-BY-SA-3.0"

    def digest(self, selection: Any) -> str:
        """Return the SHA-256 that names the selection and its digits."""
        asked = _asked(selection)
        digits = {
            split: self._digits(asked).digest(_of(split, asked)) for split in asked.splits
        }
        return summary(asked.canonical(), digits)

    def load(self, selection: Any) -> Videos:
        """Return the sequences."""
        asked = _asked(selection)
        count = asked.option("sequences")
        made = [
            _sequences(self._digits(asked).load(_of(split, asked)), split=split, asked=asked)
            for split in asked.splits
        ]
        return Videos(
            frames=np.concatenate([frames for frames, _ in made]),
            digits=np.concatenate([digits for _, digits in made]),
            parts={
                split: slice(index * count, (index + 1) * count)
                for index, split in enumerate(asked.splits)
            },
        )

    def _digits(self, asked: Selection) -> Labelled:
        return SETS[asked.option("digits")](self.root)


def _asked(selection: Any) -> Selection:
    asked = selections.read(
        selection,
        splits=("train", "test"),
        classes=Mnist.classes,
        counted=False,
        more=DEFAULTS,
    )
    selections.one_of(tuple(SETS), "digits", asked.option("digits"))
    selections.at_least(1, "sequences", asked.option("sequences"))
    selections.at_least(1, "frames", asked.option("frames"))
    return asked


def _of(split: str, asked: Selection) -> dict[str, Any]:
    return {"split": split, "classes": list(asked.classes)}


def _sequences(
    digits: Images, *, split: str, asked: Selection
) -> tuple[Pixels, NDArray[np.int64]]:
    """A split's frames ``(N, T, 64, 64)``, and the digits that they show ``(N, 2)``."""
    count, length = asked.option("sequences"), asked.option("frames")

    def drawn(what: str) -> NDArray[np.float64]:
        return uniform(f"moving_mnist/{split}/{what}", samples=count, cells=2)

    which = (drawn("digit") * len(digits.labels)).astype(np.int64)
    corners = paths(
        start=np.stack([drawn("y"), drawn("x")], axis=-1) * ROOM_PX,
        angle=drawn("direction") * 2 * math.pi,
        speed_px=SPEED_PX[0] + drawn("speed") * (SPEED_PX[1] - SPEED_PX[0]),
        frames=length,
    )
    frames = np.zeros((count, length, SIDE_PX, SIDE_PX), dtype=np.uint8)
    for sequence, digit, frame in np.ndindex(count, 2, length):
        y, x = corners[sequence, digit, frame]
        under = frames[sequence, frame, y : y + DIGIT_PX, x : x + DIGIT_PX]
        np.maximum(under, digits.images[which[sequence, digit]], out=under)
    names = np.array([int(name) for name in digits.classes], dtype=np.int64)
    return frames, names[digits.labels[which]]


def paths(
    *,
    start: NDArray[np.float64],
    angle: NDArray[np.float64],
    speed_px: NDArray[np.float64],
    frames: int,
) -> NDArray[np.int64]:
    """Return the corners of digits that move straight on and bounce off the box's edges.

    A path without edges is folded at 0 and at 36 px, which reflects it.

    Shape:
        start ``(..., 2)``, y and x; angle and speed ``(...)``; result ``(..., T, 2)``, in px.

    >>> at = dict(start=np.array([34.0, 0.0]), angle=np.array(0.0), speed_px=np.array(3.0))
    >>> paths(**at, frames=3)[:, 0].tolist()  # down to 37, one beyond the edge at 36
    [34, 35, 32]
    """
    step = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * speed_px[..., None]
    time = np.arange(frames)[:, None]
    beyond = (start[..., None, :] + time * step[..., None, :]) % (2 * ROOM_PX)
    corners: NDArray[np.int64] = np.rint(ROOM_PX - np.abs(beyond - ROOM_PX)).astype(np.int64)
    return corners
