"""Sets of pairs that are prepared from somebody's photographs."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from ncabench.errors import NoData
from ncabench.nca.data import Pairs, Verified, _manifest
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import together
from ncabench.nca.data._labelled import Opened, Pixels
from ncabench.nca.data._patchwork import NEAR_LEVELS, SIDE_PX, TILE_PX, Options
from ncabench.nca.data._photographs import Photographs, in_order, listed, refuse_unequal, shares
from ncabench.nca.data._pictures import decoding
from ncabench.nca.data._prepare import PARTS, SIDES, Preparation, Tell, prepare
from ncabench.nca.data._published import NAME_IT, Published
from ncabench.nca.data._selection import Indices, Selection

DAMAGED, GT = SIDES
Both = tuple[Path, Path]  # the damaged image, and the clean one


class Prepared(Published):
    """Base of the sets of photographs that are prepared: tiled, shrunk to 32 px and cleaned.

    Read from ``root``, from the set's folder of ``manifest.json`` and
    ``{train,val,test}/{GT,DAMAGED}/*.png``, or of ``{GT,DAMAGED}/*.png``, of whose files, in
    the order of their names, the first 64 % are then trained on, the next 16 % validated on,
    and the others tested on. Two files of a name are a pair. Images are those that the
    manifest has the digests of, where it has any.

    Attributes:
        layout: what the published set's files are called.
    """

    splits = PARTS
    classes = ("pair",)
    full = (SIDE_PX, SIDE_PX, 3)
    slow = True
    published: ClassVar[Mapping[str, str]] = {}
    unpacked = (_manifest.FILE,)
    layout: ClassVar[str]

    def load(self, selection: Any) -> Pairs:
        """Return the selected pairs: the damaged images, and the clean ones as targets."""
        images, _, parts = self._gather(self.asked(selection))
        return Pairs(inputs=images[:, 0], targets=images[:, 1], parts=parts)

    def outline(self, selection: Any) -> Pairs:
        """Return one black pair for each part that `load` gives."""
        splits = self.asked(selection).splits
        black = np.zeros((len(splits), *self.full), dtype=np.uint8)
        parts = {name: slice(place, place + 1) for place, name in enumerate(splits)}
        return Pairs(inputs=black, targets=black.copy(), parts=parts)

    def verify(self) -> tuple[Verified, ...]:
        """Return the digest of each part, found and as the manifest has it."""
        place = self.place()
        manifest = _manifest.read(place, kind=self.kind)
        return tuple(self._part_verified(split, place, manifest.digests) for split in PARTS)

    def photographs(self, folder: Path) -> list[Photographs]:
        """Return the pairs of photographs of a published set, in order.

        Raises:
            NoData: there is no such folder.
            ValueError: it holds none, or a photograph without its counterpart.
        """
        found = list(self._photographs(folder))
        if not found:
            raise ValueError(
                f"{folder}: no photographs of {self.kind}, which are {self.layout}"
            )
        return found

    def prepare(
        self,
        folder: Path,
        *,
        tile_px: int | None = None,
        rows: int | None = None,
        columns: int | None = None,
        near_levels: float = NEAR_LEVELS,
        tell: Tell = lambda _done, _all: None,
    ) -> str:
        """Prepare the set under ``root`` from the published one, and return what was done.

        Source: LNCA, section "Datasets": photographs are cut into n x m tiles, shrunk to 32 x
        32 px, and redundant ones removed. n, m and what is redundant are ours, since LNCA
        gives neither and publishes no script; see `Options`. Whole scenes are split, in the
        order of their names; see `shares`.

        Args:
            folder: the published set; see `layout`.
            tile_px: the side of a tile; 128 where neither it nor rows and columns are set.
            rows: n.
            columns: m.
            near_levels: how alike redundant pairs are.
            tell: called with the photographs that are done, and with all.

        Raises:
            NoData: no root is named, or there is no such folder.
            ValueError: a photograph or an option cannot be used, or the set is there already
                and was prepared otherwise.
            MachineError: another process prepares the same set.
        """
        if self.root is None:
            raise NoData("no folder of data sets is named", NAME_IT)
        if tile_px is None and rows is None and columns is None:
            tile_px = TILE_PX
        options = Options(tile_px=tile_px, rows=rows, columns=columns, near_levels=near_levels)
        found = self.photographs(folder)
        work = Preparation(
            kind=self.kind, base=folder, root=self.root, options=options, found=found
        )
        return prepare(work, tell=tell)

    @abstractmethod
    def _photographs(self, folder: Path) -> Sequence[Photographs]:
        """Return the pairs of photographs of a published set, in order."""

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        place = self.place()
        expected, digests = _manifest.read(place, kind=self.kind).digests, {}
        for split in asked.splits:
            pairs = self._pairs(split, place, expected)
            labels, where = np.zeros(len(pairs), dtype=np.int64), f"{self.kind}, {split}"
            chosen = selections.choose(labels, asked, names=self.classes, where=where)
            paths = [path for one in chosen for path in pairs[one]]
            digests[split] = together(paths, base=place, notes=self.notes)
            if expected and digests[split] != _expected(paths, place, expected):
                raise self._refusal(paths, place, expected)
        return digests

    def _refusal(
        self, paths: Sequence[Path], place: Path, expected: Mapping[str, str]
    ) -> ValueError:
        """Return what to raise of images that the manifest has other digests of."""
        for path in paths:
            if together([path], base=place, notes=None) != _expected([path], place, expected):
                _read(path)  # which says what is wrong with it, if it is no such image
                return ValueError(
                    f"{path}: another image than {_manifest.FILE} has the digest of\n"
                    f"  to mend it: move {place} away, then {self._mend()}"
                )
        return ValueError(f"{place}: changed while it was read")

    def _part_verified(self, split: str, place: Path, expected: Mapping[str, str]) -> Verified:
        try:
            pairs = self._pairs(split, place, expected)
            paths = [path for pair in pairs for path in pair]
            found = together(paths, base=place, notes=None)
            published = _expected(paths, place, expected) if expected else ""
        except ValueError as error:
            found, published = str(error), "of another list of files"
        return Verified(what=f"{place}, {split}", found=found, published=published)

    def _open(self, split: str, asked: Selection) -> Opened:
        del asked
        place = self.place()
        pairs = self._pairs(split, place, _manifest.read(place, kind=self.kind).digests)

        def pixels(chosen: Indices) -> Pixels:
            return np.stack([[_read(path) for path in pairs[one]] for one in chosen])

        return Opened(labels=np.zeros(len(pairs), dtype=np.int64), pixels=pixels)

    def _pairs(self, split: str, place: Path, expected: Mapping[str, str]) -> list[Both]:
        """Return the pairs of a part, in the order of their names. Raises ValueError."""
        parted = any((place / part).is_dir() for part in PARTS)
        folder = place / split if parted else place
        names = _names(folder)
        inside = folder.relative_to(place)
        told = {(inside / side / name).as_posix() for side in SIDES for name in names}
        ours = {one for one in expected if not parted or one.startswith(f"{split}/")}
        if expected and told != ours:
            lines = [f"{folder}: not the images that {_manifest.FILE} lists"]
            for what, some in (("missing", ours - told), ("not listed", told - ours)):
                lines += [f"  {what}: {listed(sorted(some))}"] if some else []
            raise ValueError("\n".join(lines))
        if not parted:
            names = [
                one for one, part in zip(names, shares(names), strict=True) if part == split
            ]
        return [(folder / DAMAGED / name, folder / GT / name) for name in names]

    def _mend(self) -> str:
        return (
            f"`ncabench data prepare {self.kind} --from FOLDER`, the published set's; {NAME_IT}"
        )

    def _elsewhere(self) -> str:
        return self._mend()

    def _download(self, root: Path) -> None:
        raise RuntimeError(f"it is prepared from photographs, not downloaded into {root}")


def _names(folder: Path) -> list[str]:
    """Return the names of the pairs in a folder. Raises ValueError."""
    there = []
    for side in (GT, DAMAGED):
        if not (folder / side).is_dir():
            raise ValueError(f"{folder / side}: no such folder")
        there.append([path.name for path in in_order((folder / side).glob("*.png"))])
    refuse_unequal(there[0], there[1], names=(GT, DAMAGED), where=folder)
    return there[0]


def _expected(paths: Sequence[Path], place: Path, digests: Mapping[str, str]) -> str:
    """Return what `together` would of the files that the manifest has the digests of."""
    total = hashlib.sha256()
    for path in paths:
        name = path.relative_to(place).as_posix()
        total.update(f"{name}\0{digests[name]}\n".encode())
    return total.hexdigest()


def _read(path: Path) -> Pixels:
    """Return an image, ``(32, 32, 3)``. Raises ValueError."""
    with decoding(path), Image.open(path, formats=("PNG",)) as image:
        if image.size != (SIDE_PX, SIDE_PX) or image.mode != "RGB":
            width, height = image.size
            raise ValueError(
                f"{path}: {width} x {height} px of mode {image.mode}, where "
                f"{SIDE_PX} x {SIDE_PX} px of mode RGB are expected"
            )
        return np.array(image)
