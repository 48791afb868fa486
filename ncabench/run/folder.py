"""Where a run keeps its files: ``results/runs/ID/DEVICE-ENGINE/``; imports no torch."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ncabench.errors import MachineError, RecordError
from ncabench.run import outcome
from ncabench.run.outcome import Record

LOG = "log.jsonl"  # what a training reports of itself, a line for each of some iterations


def run_folder(results: Path, *, id: str, device_class: str, engine: str) -> Path:
    """Return the folder of a record.

    >>> run_folder(Path("results"), id="ab12", device_class="cpu", engine="eager").as_posix()
    'results/runs/ab12/cpu-eager'
    """
    return results / "runs" / id / f"{device_class}-{engine}"


def home(results: Path, *, id: str, device_class: str, engines: Sequence[str]) -> Path:
    """Return the folder of an entry that several engines may have run.

    It is that of the first engine, unless only another one has finished, or has succeeded:
    nothing is measured again because another engine would be taken today.
    """
    places = [
        run_folder(results, id=id, device_class=device_class, engine=one) for one in engines
    ]
    if not any((place / outcome.RECORD).exists() for place in places[1:]):
        return places[0]  # unread, since thousands of entries are looked up
    return min(places, key=_distance)  # of equals, the first


def _distance(place: Path) -> int:
    try:
        found = outcome.read(place)
    except RecordError:
        return 2
    return 2 if found.unfinished else int(found.outcome != "ok")


def folders(results: Path) -> list[Path]:
    """Return every run folder that holds a record, sorted."""
    return sorted(path.parent for path in (results / "runs").glob(f"*/*/{outcome.RECORD}"))


def records(results: Path) -> Iterator[tuple[Path, Record | RecordError]]:
    """Yield each run folder with its record, or with what is wrong with it."""
    for folder in folders(results):
        try:
            yield folder, outcome.read(folder)
        except RecordError as error:
            yield folder, error


def make(path: Path) -> Path:
    """Create a folder, with its parents.

    Raises:
        MachineError: it cannot be created or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{path}: cannot be created: {error.strerror or error}") from error
    if not os.access(path, os.W_OK):
        raise MachineError(f"{path}: cannot be written; choose another folder with --results")
    return path


@contextmanager
def locked(path: Path, *, who: str) -> Iterator[None]:
    """Hold ``path`` as a lock for one process; the system frees it when that process ends.

    Raises:
        MachineError: another process holds it.
    """
    make(path.parent)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MachineError(f"{path}: {who} is in use by another ncabench") from error
        yield


def digests(folder: Path, names: list[str]) -> dict[str, str]:
    """Return the SHA-256 of files in a run folder, by name."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)
    }


def beginning(id: str, results: Path) -> list[tuple[Path, Record]]:
    """Return the run folders and records of all entries whose id begins with ``id``.

    Raises:
        RecordError: there is none, or one is damaged.
    """
    places = [place for place in folders(results) if place.parent.name.startswith(id)]
    if not places:
        raise RecordError(f"{results}: no record's id begins with {id!r}; see `ncabench plan`")
    return [(place, outcome.read(place)) for place in places]


def named(id: str, results: Path) -> list[tuple[Path, Record]]:
    """Return the run folders and records of the one entry whose id begins with ``id``.

    Raises:
        RecordError: as `beginning`; there are several.
    """
    found = beginning(id, results)
    ids = sorted({record.id for _, record in found})
    if len(ids) > 1:
        raise RecordError(
            f"{results}: {len(ids)} ids begin with {id!r}: {', '.join(ids[:5])}; "
            "give more of its digits"
        )
    return found


def latest(found: list[tuple[Path, Record]]) -> tuple[Path, Record]:
    """Return the record that ended well last; where none did, the one that ended last."""
    return max(found, key=lambda one: (one[1].outcome == "ok", one[1].ended_at))
