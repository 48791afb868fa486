"""Photographs made into the pairs of small images that a restoration is trained on."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ncabench.errors import MachineError
from ncabench.nca.data import _manifest
from ncabench.nca.data._files import NOTES, digest
from ncabench.nca.data._manifest import Manifest
from ncabench.nca.data._patchwork import Kept, Options, tiles
from ncabench.nca.data._photographs import Photographs, shares
from ncabench.nca.data._pictures import read

PARTS = ("train", "val", "test")
SIDES = ("DAMAGED", "GT")  # in the order of a pair
LEAST_SCENES = 3
Tell = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What is to be prepared.

    Attributes:
        kind: the data set's name.
        base: the folder of the published set; files are named from there.
        root: the folder of data sets; the prepared folder is ``root / kind``.
        options: how photographs are made into tiles.
        found: the pairs of photographs, in order.
    """

    kind: str
    base: Path
    root: Path
    options: Options
    found: Sequence[Photographs]

    @property
    def final(self) -> Path:
        """Where the prepared folder will be."""
        return self.root / self.kind

    @property
    def partial(self) -> Path:
        """Where it is while it is not whole."""
        return self.root / NOTES / f"{self.kind}-unfinished"

    @property
    def log(self) -> Path:
        """Where it is written down which photographs the unfinished folder holds."""
        return self.root / NOTES / f"{self.kind}-unfinished.jsonl"

    def sources(self) -> list[dict[str, Any]]:
        """Return each pair of photographs as the manifest names it.

        Raises:
            ValueError: they show too few scenes to be split.
        """
        scenes = [one.scene for one in self.found]
        if len(set(scenes)) < LEAST_SCENES:
            raise ValueError(
                f"{self.base}: photographs of {len(set(scenes))} scenes, where "
                f"{LEAST_SCENES} are needed to train, to validate and to test on"
            )
        return [
            {
                "clean": one.clean.relative_to(self.base).as_posix(),
                "damaged": one.damaged.relative_to(self.base).as_posix(),
                "scene": one.scene,
                "part": part,
            }
            for one, part in zip(self.found, shares(scenes), strict=True)
        ]


def prepare(work: Preparation, *, tell: Tell) -> str:
    """Tile, shrink and clean photographs into ``root / kind``, and return what was done.

    The folder appears whole or not at all. What a run that was cut off has done already is
    taken over by the next, if the photographs and the options are the same.

    Args:
        work: what is to be prepared.
        tell: called with the photographs that are done, and with all.

    Raises:
        ValueError: a photograph cannot be used, there are too few, or a folder of that name is
            there that was made otherwise; it is left as it is.
        MachineError: another process prepares the same set.
    """
    sources = work.sources()
    (work.root / NOTES).mkdir(parents=True, exist_ok=True)
    with _alone(work.root / NOTES / f"{work.kind}.lock", kind=work.kind):
        if work.final.exists():
            return _there(work, sources)
        done, over = _taken_over(work), 0
        kept = Kept(near_levels=work.options.near_levels)
        with work.log.open("a", encoding="utf-8") as log:
            for index, source in enumerate(sources):
                made = done.get(index)
                if made is not None and _taken_back(work, made, kept=kept, part=source["part"]):
                    over += 1
                else:
                    made = _cut(work, index, kept=kept, part=source["part"])
                    log.write(json.dumps({"source": index, **made}) + "\n")
                    log.flush()
                source["kept"] = len(made["kept"])
                source["redundant"] = made["redundant"]
                tell(index + 1, len(sources))
        return _finished(work, sources, over=over)


def _cut(work: Preparation, index: int, *, kept: Kept, part: str) -> dict[str, Any]:
    """Write the tiles of a pair of photographs that are not redundant; return their names."""
    pair, names, redundant = work.found[index], [], 0
    for tile in tiles(clean=pair.clean, damaged=pair.damaged, options=work.options):
        if not kept.take(tile.pair):
            redundant += 1
            continue
        names.append(f"{index:06}_{tile.row:02}_{tile.column:02}.png")
        for side, pixels in zip(SIDES, tile.pair, strict=True):
            Image.fromarray(pixels).save(work.partial / part / side / names[-1])
    return {"kept": names, "redundant": redundant}


def _taken_back(work: Preparation, made: dict[str, Any], *, kept: Kept, part: str) -> bool:
    """Keep the tiles that an earlier run wrote; return False where one cannot be read."""
    folder = work.partial / part
    try:
        pairs = [
            np.stack([read(folder / side / name) for side in SIDES]) for name in made["kept"]
        ]
    except ValueError:
        return False
    for pair in pairs:
        kept.take(pair)
    return True


def _finished(work: Preparation, sources: list[dict[str, Any]], *, over: int) -> str:
    pairs: Counter[str] = Counter()
    for source in sources:
        pairs[source["part"]] += source["kept"]
    for part in PARTS:
        if not pairs[part]:
            raise ValueError(f"{work.base}: no tile is left for {part}: all are redundant")
    digests = {
        path.relative_to(work.partial).as_posix(): digest(path, algorithm="sha256")
        for part in PARTS
        for side in SIDES
        for path in sorted((work.partial / part / side).iterdir())
    }
    redundant = sum(source["redundant"] for source in sources)
    Manifest(
        set=work.kind,
        options=work.options.table(),
        counts={
            **{part: pairs[part] for part in PARTS},
            "photographs": len(sources),
            "redundant": redundant,
        },
        sources=tuple(sources),
        digests=digests,
    ).write(work.partial)
    work.partial.replace(work.final)
    work.log.unlink()
    what = ", ".join(f"{pairs[part]} {part}" for part in PARTS)
    again = f"; {over} photographs were there from a run that was cut off" if over else ""
    return (
        f"{work.kind} is in {work.final}: {pairs.total()} pairs ({what}) of "
        f"{len(sources)} photographs, {redundant} redundant ones left out{again}"
    )


def _there(work: Preparation, sources: list[dict[str, Any]]) -> str:
    """Return that all is there already. Raises ValueError where it was made otherwise."""
    mend = f"nothing was changed; move {work.final} away, or name another --data"
    if not (work.final / _manifest.FILE).is_file():
        raise ValueError(f"{work.final}: there already, without a {_manifest.FILE}; {mend}")
    there = _manifest.read(work.final, kind=work.kind)
    wanted = work.options.table()
    other = [
        f"{key} = {there.options.get(key)}, not {wanted.get(key)}"
        for key in sorted({*wanted, *there.options})
        if there.options.get(key) != wanted.get(key)
    ]
    if other:
        raise ValueError(f"{work.final}: prepared with {', '.join(other)}; {mend}")
    if [_names(one) for one in there.sources] != [_names(one) for one in sources]:
        raise ValueError(f"{work.final}: prepared of other photographs; {mend}")
    return f"{work.kind} is in {work.final} already, of the same photographs and options"


def _names(source: Any) -> list[Any]:
    return [source.get(key) for key in ("clean", "damaged", "scene", "part")]


def _taken_over(work: Preparation) -> dict[int, Any]:
    """Return what an unfinished folder holds, by photograph; makes the folder where needed.

    Nothing is taken over of what was made of other photographs, or with other options.
    """
    asked, whole = {"request": _request(work)}, []
    with contextlib.suppress(FileNotFoundError, ValueError):  # ValueError: it is no log
        lines = work.log.read_text(encoding="utf-8").splitlines(keepends=True)
        logged = [json.loads(line) for line in lines if line.endswith("\n")]
        if logged and logged[0] == asked:
            whole = logged[1:]
    if not whole and work.partial.exists():
        shutil.rmtree(work.partial)
    for part in PARTS:
        for side in SIDES:
            (work.partial / part / side).mkdir(parents=True, exist_ok=True)
    _rewrite(work, asked, whole)
    return {one["source"]: one for one in whole}


def _rewrite(work: Preparation, asked: dict[str, str], done: list[Any]) -> None:
    """Write the log anew, without a line that breaks off.

    Tiles that it does not name may stay: their photograph is cut again, into the same ones.
    """
    lines = [json.dumps(line) for line in (asked, *done)]
    written = work.log.with_suffix(".new")
    written.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    written.replace(work.log)


def _request(work: Preparation) -> str:
    """Return a SHA-256 of the options and of how the photographs' files stand."""
    total = hashlib.sha256(json.dumps(work.options.table()).encode())
    for pair in work.found:
        for path in (pair.clean, pair.damaged):
            stat = path.stat()
            total.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return total.hexdigest()


@contextlib.contextmanager
def _alone(path: Path, *, kind: str) -> Iterator[None]:
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MachineError(f"{path}: another process prepares {kind}") from None
        yield
