"""Pairs of photographs as data sets publish them: which file is the damaged form of which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ncabench.errors import NoData

ENDINGS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
NAMED = 3  # files that a message names


@dataclass(frozen=True, kw_only=True)
class Photographs:
    """A photograph that is damaged, and the same scene undamaged.

    Attributes:
        scene: what it shows; those of one scene never lie on both sides of a split.
        clean: the file of the undamaged one.
        damaged: the file of the damaged one.
    """

    scene: str
    clean: Path
    damaged: Path


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Return paths in the order of their names, in which numbers count as numbers.

    >>> [path.name for path in in_order([Path("blur_10.png"), Path("blur_9.png")])]
    ['blur_9.png', 'blur_10.png']
    """
    return sorted(paths, key=lambda path: (_natural(path.as_posix()), path.as_posix()))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(int(one), "") if turn % 2 else (-1, one) for turn, one in enumerate(parts)]


def folders(base: Path, name: str) -> list[Path]:
    """Return the folders under ``base`` of a name, in order.

    Upper and lower case are the same, ``*`` stands for anything, and what an archive of macOS
    adds is passed over.

    Raises:
        NoData: there is no folder ``base``.
    """
    if not base.is_dir():
        raise NoData(f"{base}: no such folder", "name the folder of the published set")
    found = (path for path in base.rglob("*") if fnmatchcase(path.name.lower(), name.lower()))
    return in_order(
        path
        for path in found
        if path.is_dir() and "__MACOSX" not in path.relative_to(base).parts
    )


def pictures(folder: Path) -> list[Path]:
    """Return the picture files of a folder itself, in order; none that is hidden.

    Raises:
        ValueError: there is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    seen = (path for path in folder.iterdir() if not path.name.startswith("."))
    return in_order(path for path in seen if path.suffix.lower() in ENDINGS)


def matched(
    clean: Path,
    damaged: Path,
    *,
    scene: str,
    key: Callable[[Path], str] = lambda path: path.stem,
) -> list[Photographs]:
    """Return the pairs of two folders whose files have names in common.

    Args:
        clean: the folder of undamaged photographs.
        damaged: the folder of damaged ones.
        scene: what all of them show.
        key: what a file and its counterpart have in common.

    Raises:
        ValueError: a file of either has no counterpart.
    """
    there = [{key(path): path for path in pictures(folder)} for folder in (clean, damaged)]
    refuse_unequal(there[0], there[1], names=(clean.name, damaged.name), where=clean.parent)
    return [
        Photographs(scene=scene, clean=path, damaged=there[1][name])
        for name, path in there[0].items()
    ]


def refuse_unequal(
    one: Iterable[str], other: Iterable[str], *, names: tuple[str, str], where: Path
) -> None:
    """Refuse two folders whose files do not have the same names.

    Raises:
        ValueError: the message names what only one of them has, for both.
    """
    lines = []
    for here, there, name in ((one, other, names[0]), (other, one, names[1])):
        alone = sorted(set(here) - set(there))
        if alone:
            lines.append(f"  only in {name}: {listed(alone)}")
    if lines:
        what = f"{where}: {names[0]} and {names[1]} do not have the same names"
        raise ValueError("\n".join([what, *lines]))


def listed(names: list[str]) -> str:
    """Return the first few names, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def shares(scenes: list[str]) -> list[str]:
    """Return the part of each, ``"train"``, ``"val"`` or ``"test"``, of scenes in order.

    Of the scenes, the first 80 % are trained on and validated on, and of those the first 80 %
    are trained on; each rounded down.

    Source: LNCA, section "Training Procedure" (the shares); its code takes them in the order
    in which the images are listed. That whole scenes are shared out is ours.

    >>> shares(["a", "a", "b", "c", "c"])
    ['train', 'train', 'val', 'test', 'test']
    """
    order = list(dict.fromkeys(scenes))
    seen = len(order) * 4 // 5
    trained = seen * 4 // 5
    part = {
        scene: "train" if place < trained else "val" if place < seen else "test"
        for place, scene in enumerate(order)
    }
    return [part[scene] for scene in scenes]
