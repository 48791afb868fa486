"""SID: scenes photographed in the dark, exposed too short and long enough."""

from __future__ import annotations

from pathlib import Path

from ncabench.nca.data._photographs import Photographs, folders, in_order, listed, pictures
from ncabench.nca.data._prepared import Prepared

RAW = (".arw", ".raf")  # of the set's two cameras
UNALIGNED = ("10034", "10045", "10172")


class Sid(Prepared):
    """SID, See-in-the-Dark: tiles exposed too short, with those exposed long, 32 px, RGB.

    The published set has two folders for each camera, ``short`` and ``long``, of raw
    photographs that are called after scene, number and seconds: ``00001_00_0.1s.ARW`` and
    ``00001_00_10s.ARW``. They are not developed here: what is prepared are PNG, TIFF or JPEG
    images that were developed from them, under the same names (of a PNG file of 16 bits, the
    upper 8 are read). How LNCA developed them is not published, and decides how dark the short
    ones are. Each short one makes a pair
    with the first long one of its scene. Scenes 10034, 10045 and 10172 are left out, as the
    publisher asks: their photographs are not aligned. Prepared by ``ncabench data prepare
    sid``. A selection is one of images (see `ncabench.nca.data`) of the one class ``"pair"``.

    The photographs of a scene are all trained on, validated on or tested on. The published
    lists are not used, since LNCA splits 80 to 20 anew.

    Source: Chen, Chen, Xu and Koltun, "Learning to See in the Dark", CVPR 2018, section 3
    (data), and the README of its code (names of files, what is not aligned); LNCA, section
    "Datasets" (preparation) and table 1.

    Shape:
        inputs and targets ``(N, 32, 32, 3)``; see `ncabench.nca.data.Pairs`.

    Raises:
        NoData: it was not prepared.
        ValueError: an image has no counterpart, is damaged or another, or the selection
            cannot be read.

    >>> print(Sid(Path("nowhere")).missing().partition(",")[0])
    sid: no manifest.json in nowhere/sid
      to mend it: `ncabench data prepare sid --from FOLDER`
    """

    licence = "the publisher's"
    kind = "sid"
    folder = "sid"
    layout = "short/SCENE_NUMBER_SECONDSs.png and long/SCENE_NUMBER_SECONDSs.png"

    def _photographs(self, folder: Path) -> list[Photographs]:
        return [one for short in folders(folder, "short") for one in _camera(short, folder)]


def _camera(short: Path, base: Path) -> list[Photographs]:
    long = next(
        (one for one in folders(short.parent, "long") if one.parent == short.parent), None
    )
    if long is None:
        raise ValueError(f"{short.parent / 'long'}: no such folder")
    exposed: dict[str, Path] = {}
    for path in _developed(long):
        exposed.setdefault(_scene(path), path)
    shorts = _developed(short)
    alone = [path.name for path in shorts if _scene(path) not in exposed]
    if alone:
        raise ValueError(f"{short}: nothing in {long} is of the scene of {listed(alone)}")
    camera = short.parent.relative_to(base)
    return [
        Photographs(
            scene=(camera / _scene(path)).as_posix(),
            clean=exposed[_scene(path)],
            damaged=path,
        )
        for path in shorts
        if _scene(path) not in UNALIGNED
    ]


def _developed(folder: Path) -> list[Path]:
    found = pictures(folder)
    raw = in_order(path for path in folder.iterdir() if path.suffix.lower() in RAW)
    if raw and not found:
        raise ValueError(
            f"{folder}: raw photographs ({raw[0].name}), which are not developed here\n"
            "  to mend it: develop each to a PNG file of 8 bits under its name, in a folder "
            "beside"
        )
    return found


def _scene(path: Path) -> str:
    return path.stem.partition("_")[0]
