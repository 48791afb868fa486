"""RealBlur: scenes photographed at once sharp and blurred by the camera's motion."""

from __future__ import annotations

from pathlib import Path

from ncabench.nca.data._photographs import Photographs, folders, matched
from ncabench.nca.data._prepared import Prepared


class Realblur(Prepared):
    """RealBlur: tiles of photographs that a moving camera blurred, with the sharp ones, RGB.

    The published set has a folder for each subset, RealBlur-J (the camera's JPEG images) and
    RealBlur-R (developed from raw ones), and in it one for each scene, ``scene001`` and so on,
    with ``blur/blur_1.png`` and ``gt/gt_1.png``: two cameras, aligned. Prepared by ``ncabench
    data prepare realblur`` from one subset; LNCA does not say which it used. A selection is
    one of images (see `ncabench.nca.data`) of the one class ``"pair"``, of 32 x 32 px.

    The photographs of a scene are all trained on, validated on or tested on. The published
    lists of pairs to train and to test on are not used, since LNCA splits 80 to 20 anew.

    Source: Rim, Lee, Won and Cho, "Real-World Blur Dataset for Learning and Benchmarking
    Deblurring Algorithms", ECCV 2020, section 3 (data) and the published archive (names of
    files); LNCA, section "Datasets" (preparation) and table 2.

    Shape:
        inputs and targets ``(N, 32, 32, 3)``; see `ncabench.nca.data.Pairs`.

    Raises:
        NoData: it was not prepared.
        ValueError: an image has no counterpart, is damaged or another, or the selection
            cannot be read.

    >>> print(Realblur(Path("nowhere")).missing().partition(",")[0])
    realblur: no manifest.json in nowhere/realblur
      to mend it: `ncabench data prepare realblur --from FOLDER`
    """

    licence = "the publisher's"
    kind = "realblur"
    folder = "realblur"
    layout = "sceneNUMBER/blur/blur_NUMBER.png and sceneNUMBER/gt/gt_NUMBER.png"

    def _photographs(self, folder: Path) -> list[Photographs]:
        scenes = [blurred.parent for blurred in folders(folder, "blur")]
        subsets = sorted({scene.parent.as_posix() for scene in scenes})
        if len(subsets) > 1:
            raise ValueError(
                f"{folder}: more than one subset of realblur, {', '.join(subsets)}; name one"
            )
        return [one for scene in scenes for one in _scene(scene, folder)]


def _scene(scene: Path, base: Path) -> list[Photographs]:
    name = scene.relative_to(base).as_posix()
    return matched(scene / "gt", scene / "blur", scene=name, key=_number)


def _number(path: Path) -> str:
    return path.stem.rpartition("_")[2]
