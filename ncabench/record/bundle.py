"""Finished runs as one file, to move them between machines; imports no mlflow."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from ncabench.errors import MachineError, RecordError
from ncabench.record import merging
from ncabench.record.content import held, is_film, is_weights, kept, may_stay, verified
from ncabench.record.merging import Held, Keep, Meeting, meet
from ncabench.record.stored import moment
from ncabench.run import outcome
from ncabench.run.folder import folders, make, records
from ncabench.run.outcome import RECORD, Record, write_whole

SCHEMA = 1
MANIFEST = "manifest.json"
NEW = "imported"
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*){2,}")  # ID/DEVICE-ENGINE/FILE, nothing hidden


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A run of a bundle: its record, and its files by their names in the run folder."""

    record: Record
    files: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class _Met:
    """A run of a bundle, and what becomes of it.

    Attributes:
        base: ``ID/DEVICE-ENGINE``.
        place: its folder here.
        run: what arrives.
        meeting: which record is left.
        here: what is there already, if it can be read.
    """

    base: str
    place: Path
    run: Packed
    meeting: Meeting
    here: Held | None = None

    @property
    def writes(self) -> bool:
        """Whether the folder here changes."""
        return self.meeting.takes or bool(self.meeting.borrows)

    @property
    def line(self) -> str:
        """What a reader is told."""
        return f"{self.base.replace('/', ' ')}: {self.meeting.line}"


def export(
    results: Path,
    *,
    ids: Sequence[str],
    path: Path,
    weights: bool = True,
    films: bool = True,
) -> int:
    """Write the finished runs of some ids to one file, and return how many records it holds.

    The same records give the same bytes, whenever they are exported. Checkpoints (``*.pt``)
    stay behind, and so do runs that were cut off. Every device and engine of an id goes in.

    Args:
        results: the results folder.
        ids: of the runs.
        path: the file.
        weights: whether trained weights travel; without them a new evaluation is not possible.
        films: whether filmstrips travel; without them reports show none of these runs.

    Raises:
        RecordError: an id has no finished record, or a record or artifact is damaged.
        MachineError: the file cannot be written; what was there before stays.
    """
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    count = 0
    for folder in folders(results):
        if folder.parent.name not in ids:
            continue
        record = outcome.read(folder)
        if record.unfinished:
            continue
        base = f"{folder.parent.name}/{folder.name}"
        files[f"{base}/{RECORD}"] = (folder / RECORD).read_bytes()
        for name in held(record, folder):
            if (weights or not is_weights(name)) and (films or not is_film(name)):
                files[f"{base}/{name}"] = verified(folder / name, record.artifacts[name])
        seen.add(record.id)
        count += 1
    missing = sorted(set(ids) - seen)
    if missing:
        raise RecordError(f"{results}: no finished record of {', '.join(missing)}")
    make(path.absolute().parent)
    write_whole(path, _zipped(files))
    return count


def import_(path: Path, *, results: Path, keep: Keep | None = None) -> list[str]:
    """Bring the runs of a bundle into a results folder; return a line on each of them.

    Nothing is written before every digest is checked, nor before all of it is on this disk.
    `merging.meet` says which of two records of one run stays.

    Args:
        path: the bundle.
        results: the results folder.
        keep: where two records of one run differ in what they measured, the one that stays:
            of those here, or of those in the bundle (``"there"``). What tested a training
            that was not kept is not imported either.

    Raises:
        RecordError: the file is no bundle, is damaged, or a newer ncabench wrote it; or it
            differs from what is here, and ``keep`` does not say what stays.
        MachineError: the disk is full, or the folder cannot be written; nothing has changed.
    """
    met = _meetings(unpacked(path), results=results, keep=keep)
    conflicts = [one for one in met if one.meeting.conflict]
    if conflicts and keep is None:
        found = [(one.run.record, one.meeting.conflict) for one in conflicts]
        raise RecordError(merging.refusal(str(results), str(path), found))
    arriving = results / ".arriving"  # beside runs/, where nothing looks for records
    try:
        shutil.rmtree(arriving, ignore_errors=True)
        for one in met:
            if one.writes:
                _write(one, folder=arriving / one.base)
        for one in met:
            if one.writes:
                _swapped(arriving / one.base, one.place, aside=arriving / "old")
    except OSError as error:
        raise MachineError(
            f"{results}: cannot import {path}: {error.strerror or error}"
        ) from error
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return [one.line for one in met] + _outlived(conflicts, results=results, keep=keep)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    manifest = {
        "schema": SCHEMA,
        "created_by": f"ncabench {_version()}",
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bundle:
        for name, found in [(MANIFEST, _json(manifest)), *sorted(files.items())]:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, found)
    return packed.getvalue()


def _json(raw: Any) -> bytes:
    return json.dumps(raw, indent=1, sort_keys=True).encode()


def _version() -> str:
    try:
        return metadata.version("ncabench")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def unpacked(path: Path) -> dict[str, Packed]:
    """Return the runs of a bundle by ``ID/DEVICE-ENGINE``, everything checked.

    Raises:
        RecordError: the file is no bundle, is damaged, or a newer ncabench wrote it.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            files = _checked(bundle, path=path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeError) as error:
        raise RecordError(
            f"{path}: is no bundle of ncabench, or was cut short ({error}); copy it again"
        ) from error
    grouped: dict[str, dict[str, bytes]] = {}
    for name, found in files.items():
        identity, place, rest = name.split("/", 2)
        grouped.setdefault(f"{identity}/{place}", {})[rest] = found
    return {base: _packed(base, held, path=path) for base, held in grouped.items()}


def _checked(bundle: zipfile.ZipFile, *, path: Path) -> dict[str, bytes]:
    names = bundle.namelist()
    if MANIFEST not in names:
        raise RecordError(f"{path}: is no bundle of ncabench (it has no {MANIFEST})")
    listed = _listed(bundle.read(MANIFEST), path=path)
    held = [name for name in names if name != MANIFEST]
    for name in held:
        if not _NAME.fullmatch(name):
            raise RecordError(f"{path}: names a file outside the results folder: {name!r}")
    if sorted(held) != sorted(listed):
        odd = sorted(set(held) ^ set(listed)) or ["a name that comes twice"]
        raise RecordError(f"{path}: is damaged: it and its manifest differ on {odd[0]}")
    files = {name: bundle.read(name) for name in held}
    for name, found in files.items():
        if hashlib.sha256(found).hexdigest() != listed[name]:
            raise RecordError(f"{path}: is damaged: {name} is not what the manifest says")
    return files


def _listed(manifest: bytes, *, path: Path) -> dict[str, str]:
    try:
        raw = json.loads(manifest)
        schema, listed = int(raw["schema"]), dict(raw["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: is damaged: its {MANIFEST} cannot be read") from error
    if schema > SCHEMA:
        raise RecordError(
            f"{path}: has schema {schema}, this ncabench reads up to {SCHEMA}; update ncabench"
        )
    return listed


def _packed(base: str, files: Mapping[str, bytes], *, path: Path) -> Packed:
    where = f"{path}: {base}/{RECORD}"
    try:
        record = outcome.parse(json.loads(files[RECORD]), where=where)
        moment(record.ended_at)
    except (KeyError, ValueError, TypeError) as error:
        raise RecordError(f"{where}: is missing or damaged") from error
    if base != f"{record.id}/{record.device_class}-{record.engine}":
        raise RecordError(f"{where}: is the record of another run, {record.id}")
    found = {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != RECORD}
    named = {
        name: record.artifacts[name]
        for name in kept(record)
        if name in found or not may_stay(name)
    }
    if named != found:
        odd = sorted(set(named.items()) ^ set(found.items()))[0][0]
        raise RecordError(f"{path}: is damaged: {base} and its record differ on {odd}")
    return Packed(record=record, files=files)


def _meetings(runs: Mapping[str, Packed], *, results: Path, keep: Keep | None) -> list[_Met]:
    met = [_met(base, run, results=results, keep=keep) for base, run in sorted(runs.items())]
    lost = [one.run.record for one in met if one.meeting.conflict and not one.meeting.takes]
    return [_without(one, lost) for one in met]


def _met(base: str, run: Packed, *, results: Path, keep: Keep | None) -> _Met:
    place, new = results / "runs" / base, run.record
    there = Held(record=new, names=frozenset(run.files) - {RECORD})
    if not (place / RECORD).exists():
        return _Met(base=base, place=place, run=run, meeting=Meeting(line=NEW, takes=True))
    try:
        old = outcome.read(place)
    except RecordError:
        meeting = Meeting(line="imported; the record that was here is damaged", takes=True)
        return _Met(base=base, place=place, run=run, meeting=meeting)
    here = Held(record=old, names=_lying(old, place))
    met = _Met(base=base, place=place, run=run, meeting=meet(here, there, keep=keep))
    return replace(met, here=here)


def _lying(record: Record, place: Path) -> frozenset[str]:
    return frozenset(name for name in held(record, place) if (place / name).exists())


def _without(one: _Met, lost: Sequence[Record]) -> _Met:
    """Leave out what is new here, but tested a training that is not kept."""
    training = merging.tests(one.run.record, lost)
    if not training or one.here is not None:
        return one
    line = f"left out; it tested the training {training} of the bundle, which is not kept"
    return replace(one, meeting=Meeting(line=line))


def _outlived(conflicts: Sequence[_Met], *, results: Path, keep: Keep | None) -> list[str]:
    """Return a line on each record here that tested a training that was replaced."""
    if keep != "there":
        return []
    replaced = [one.run.record for one in conflicts]
    brought = {one.base for one in conflicts}
    lines = []
    for place, record in records(results) if replaced else ():
        base = f"{place.parent.name}/{place.name}"
        if isinstance(record, Record) and base not in brought:
            training = merging.tests(record, replaced)
            if training:
                lines.append(
                    f"{base.replace('/', ' ')}: tested the training {training} that was "
                    f"replaced; delete {place} to have it run again"
                )
    return lines


def _write(one: _Met, *, folder: Path) -> None:
    """Write the run that is left, with the files that it takes from the other."""
    arriving = one.run.files
    if one.here is None:
        files = dict(arriving)
    else:
        lying = {name: (one.place / name).read_bytes() for name in {*one.here.names, RECORD}}
        left, other = (arriving, lying) if one.meeting.takes else (lying, arriving)
        files = {**left, **{name: other[name] for name in one.meeting.borrows}}
    for name, found in sorted(files.items()):
        make((folder / name).parent)
        write_whole(folder / name, found)


def _swapped(draft: Path, place: Path, *, aside: Path) -> None:
    make(place.parent)
    old = aside / place.parent.name / place.name
    if place.exists():
        make(old.parent)
        place.replace(old)
    try:
        draft.replace(place)
    except OSError:
        if old.exists():
            old.replace(place)
        raise
