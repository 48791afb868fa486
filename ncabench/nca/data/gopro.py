"""GoPro: frames of videos, sharp and blurred by motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ncabench.nca.data._photographs import Photographs, folders, matched
from ncabench.nca.data._prepared import Prepared


class Gopro(Prepared):
    """GoPro: tiles of frames that motion blurred, each with the sharp tile, 32 px, RGB.

    The published set, GOPRO_Large, has a folder for each sequence of frames: in it, ``blur``
    (averages of frames as they were recorded) and ``sharp`` (the middle one), with files of
    equal names. ``blur_gamma`` is not read. Prepared by ``ncabench data prepare gopro``. A
    selection is one of images (see `ncabench.nca.data`) of the one class ``"pair"``.

    A sequence is a scene: its frames are all trained on, validated on or tested on. The
    published split of sequences is not used, since LNCA splits 80 to 20 anew.

    Source: Nah, Kim and Lee, "Deep Multi-scale Convolutional Neural Network for Dynamic Scene
    Deblurring", CVPR 2017, section 2 (data) and the published archive (names of files); LNCA,
    section "Datasets" (preparation) and table 2.

    Shape:
        inputs and targets ``(N, 32, 32, 3)``; see `ncabench.nca.data.Pairs`.

    Raises:
        NoData: it was not prepared.
        ValueError: an image has no counterpart, is damaged or another, or the selection
            cannot be read.

    >>> print(Gopro(Path("nowhere")).missing().partition(",")[0])
    gopro: no manifest.json in nowhere/gopro
      to mend it: `ncabench data prepare gopro --from FOLDER`
    """

    licence = "the publisher's"
    kind = "gopro"
    folder = "gopro"
    layout = "SEQUENCE/blur/NUMBER.png and SEQUENCE/sharp/NUMBER.png"

    def _photographs(self, folder: Path) -> list[Photographs]:
        return [
            one for blurred in folders(folder, "blur") for one in _sequence(blurred, folder)
        ]


def _sequence(blurred: Path, base: Path) -> Iterator[Photographs]:
    sequence = blurred.parent
    scene = sequence.relative_to(base).as_posix()
    yield from matched(sequence / "sharp", blurred, scene=scene)
