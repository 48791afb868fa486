"""LandCoverRep of SustainBench: aerial tiles of 100 px."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ncabench.nca.data import _draws
from ncabench.nca.data import _selection as selections
from ncabench.nca.data._files import digest, together
from ncabench.nca.data._labelled import TRAIN, Opened, Pixels
from ncabench.nca.data._pictures import stacked
from ncabench.nca.data._published import Published
from ncabench.nca.data._selection import Indices, Selection

SPLITS = {"train": "0", "val": "1", "test": "2"}  # split: its number in the table
TABLE, TILES = "metadata.csv", "tile_triplets"
COLUMNS = ("fileName", "split")  # of the table, by name; it has others
TILE_PX, LEAST_BANDS = 100, 3


class LandCoverRep(Published):
    """LandCoverRep: aerial tiles of California's Central Valley, 100 px of 0.6 m, RGB.

    Read as SustainBench publishes it, ``land_cover_rep_v1.1`` under ``root``: the table
    ``metadata.csv``, which names each tile's file and split, and the folder ``tile_triplets``
    of NumPy arrays ``(100, 100, bands)``, uint8, whose first three bands are red, green and
    blue (near infrared and land cover follow, and are not read). The anchor, neighbour and
    distant tile of a triplet count as three. A selection is one of images (see
    `ncabench.nca.data`) of the one class ``"tile"``; its key ``crop_px`` is the side of what is
    cut out of each tile, 100 by default: the centre in the splits val and test; in the split
    train a place drawn for each tile, turned over along each axis by a drawn chance of a half.
    What is drawn for a tile is the same in every training, where ViTCA draws anew each time.

    SustainBench publishes no digests. The table and the tiles that are selected are hashed, so
    that a training names what it saw; a tile that is cut short, or of another shape or type,
    is refused when it is read. The layout of the arrays is that which SustainBench's loader
    needs.

    Source: Yeh et al., "SustainBench: Benchmarks for Monitoring the Sustainable Development
    Goals with Machine Learning", NeurIPS 2021 (data sets and benchmarks), representation
    learning for land cover; crops of ViTCA, appendix and code.

    Shape:
        images ``(N, crop_px, crop_px, 3)``; see `ncabench.nca.data.Images`.

    Raises:
        NoData: the table or a tile is missing.
        ValueError: the table or a tile cannot be read, or the selection cannot.

    >>> print(LandCoverRep(Path("nowhere")).missing().partition(";")[0])
    land_cover_rep: no metadata.csv in nowhere/land_cover_rep_v1.1
      to mend it: put SustainBench's folder land_cover_rep_v1.1 into the folder of data sets
    """

    licence = "MIT"
    kind = "land_cover_rep"
    folder = "land_cover_rep_v1.1"
    splits = tuple(SPLITS)
    classes = ("tile",)
    slow = True
    more: ClassVar[Mapping[str, Any]] = {"crop_px": TILE_PX}
    published: ClassVar[Mapping[str, str]] = {}
    unpacked = (TABLE, TILES)

    def asked(self, selection: Any) -> Selection:
        """Return the selection, checked. Raises ValueError."""
        found = super().asked(selection)
        crop_px = selections.at_least(1, "crop_px", found.option("crop_px"))
        if crop_px > TILE_PX:
            raise ValueError(f"crop_px: a tile's side is {TILE_PX} px, not {crop_px}")
        return found

    def _outlined(self, asked: Selection) -> tuple[int, ...]:
        side: int = asked.option("crop_px")
        return (side, side, LEAST_BANDS)

    def _digests(self, asked: Selection) -> Mapping[str, str]:
        place = self.place()
        digests = {TABLE: digest(place / TABLE, algorithm="sha256")}
        for split in asked.splits:
            paths = self._paths(split)
            labels, where = np.zeros(len(paths), dtype=np.int64), f"{self.kind}, {split}"
            chosen = selections.choose(labels, asked, names=self.classes, where=where)
            selected = [paths[one] for one in chosen]
            digests[split] = together(selected, base=place, notes=self.notes)
        return digests

    def _unpublished(self) -> Mapping[str, str]:
        return self._digests(self.asked("all"))

    def _open(self, split: str, asked: Selection) -> Opened:
        paths, side = self._paths(split), asked.option("crop_px")
        cuts = _drawn(len(paths), side) if split == TRAIN else _centres(len(paths), side)

        def pixels(chosen: Indices) -> Pixels:
            return stacked((paths[one], _read(paths[one])[cuts[one]]) for one in chosen)

        return Opened(labels=np.zeros(len(paths), dtype=np.int64), pixels=pixels)

    def _paths(self, split: str) -> list[Path]:
        """Return the tiles of a split in the table's order. Raises ValueError."""
        place = self.place()
        return [
            place / TILES / row[0] for row in _rows(place / TABLE) if row[1] == SPLITS[split]
        ]

    def _mend(self) -> str:
        return (
            f"put SustainBench's folder {self.folder} into the folder of data sets; "
            "--data or NCABENCH_DATA names it"
        )

    def _elsewhere(self) -> str:
        return self._mend()

    def _download(self, root: Path) -> None:
        raise RuntimeError(f"torchvision cannot download it into {root}")


Cut = tuple[slice, slice]


def _centres(count: int, side: int) -> list[Cut]:
    first = round((TILE_PX - side) / 2)
    return [(slice(first, first + side),) * 2] * count


def _drawn(count: int, side: int) -> list[Cut]:
    """Return where each tile is cut, and backwards along an axis where it is turned over."""
    drawn = _draws.uniform("land_cover_rep/crop", samples=count, cells=4)
    firsts = (drawn[:, :2] * (TILE_PX - side + 1)).astype(int)
    turned = drawn[:, 2:] < 0.5
    return [
        (_span(int(top), side, bool(over)), _span(int(left), side, bool(across)))
        for (top, left), (over, across) in zip(firsts, turned, strict=True)
    ]


def _span(first: int, side: int, backwards: bool) -> slice:
    if not backwards:
        return slice(first, first + side)
    return slice(first + side - 1, first - 1 if first else None, -1)


def _rows(table: Path) -> Iterator[tuple[str, str]]:
    """Yield each tile's file and the number of its split."""
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise ValueError(f"{table}: no column {lacking[0]!r}")
        for row in reader:
            if row["split"] not in SPLITS.values():
                known = ", ".join(f"{number} ({name})" for name, number in SPLITS.items())
                raise ValueError(
                    f"{table}, line {reader.line_num}: expected a split of {known}, "
                    f"found {row['split']!r}"
                )
            yield row["fileName"], row["split"]


def _read(path: Path) -> Pixels:
    """Return the colours of a tile, ``(100, 100, 3)``."""
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: no NumPy array, or it breaks off ({error})") from None
    shape, wanted = np.shape(found), (TILE_PX, TILE_PX)
    few = len(shape) != 3 or shape[2] < LEAST_BANDS
    if few or shape[:2] != wanted or found.dtype != np.uint8:
        raise ValueError(
            f"{path}: {getattr(found, 'dtype', type(found).__name__)} of shape {shape}, where "
            f"uint8 of ({TILE_PX}, {TILE_PX}, {LEAST_BANDS} bands or more) is expected"
        )
    colours: Pixels = found[:, :, :LEAST_BANDS]
    return colours
