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
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ncabench.errors import MachineError, RecordError
from ncabench.record.content import held, is_film, is_weights, kept, may_stay, verified
from ncabench.record.stored import moment
from ncabench.run import outcome
from ncabench.run.folder import folders, make, run_folder
from ncabench.run.outcome import RECORD, Record, write_whole

SCHEMA = 1
MANIFEST = "manifest.json"
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*){2,}")  # ID/DEVICE-ENGINE/FILE, nothing hidden


@dataclass(frozen=True, kw_only=True)
class _Packed:
    """A run of a bundle: its record, and its files by their names in the run folder."""

    record: Record
    files: Mapping[str, bytes]


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


def import_(path: Path, *, results: Path) -> list[str]:
    """Bring the runs of a bundle into a results folder; return a line on each of them.

    Nothing is written before every digest is checked, nor before all of it is on this disk.
    A record that is there already stays. Of two that differ, a finished one wins over one
    that was cut off, and otherwise the one that ended later.

    Raises:
        RecordError: the file is no bundle, is damaged, or a newer ncabench wrote it.
        MachineError: the disk is full, or the folder cannot be written; nothing has changed.
    """
    runs = _unpacked(path)
    arriving = results / ".arriving"  # beside runs/, where nothing looks for records
    lines = []
    try:
        shutil.rmtree(arriving, ignore_errors=True)
        accepted = []
        for base, run in sorted(runs.items()):
            old = _there(results, run.record)
            verdict, wins = _compared(run, old, results=results)
            lines.append(f"{base.replace('/', ' ')}: {verdict}")
            if wins:
                beside = _place(results, run.record) if old == run.record else None
                accepted.append((run, _written(run, folder=arriving / base, beside=beside)))
        for run, draft in accepted:
            _swapped(draft, _place(results, run.record), aside=arriving / "old")
    except OSError as error:
        raise MachineError(
            f"{results}: cannot import {path}: {error.strerror or error}"
        ) from error
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return lines


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


def _unpacked(path: Path) -> dict[str, _Packed]:
    """Return the runs of a bundle by ``ID/DEVICE-ENGINE``, everything checked."""
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


def _packed(base: str, files: Mapping[str, bytes], *, path: Path) -> _Packed:
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
    return _Packed(record=record, files=files)


def _place(results: Path, record: Record) -> Path:
    return run_folder(
        results, id=record.id, device_class=record.device_class, engine=record.engine
    )


def _there(results: Path, record: Record) -> Record | RecordError | None:
    folder = _place(results, record)
    if not (folder / RECORD).exists():
        return None
    try:
        return outcome.read(folder)
    except RecordError as error:
        return error


def _compared(
    run: _Packed, old: Record | RecordError | None, *, results: Path
) -> tuple[str, bool]:
    """Return what becomes of a run of a bundle, and whether it is written."""
    new = run.record
    if old is None:
        return "imported", True
    if isinstance(old, RecordError):
        return "imported; the record that was here is damaged", True
    if old == new:
        if set(run.files) - set(held(old, _place(results, old))) - {RECORD}:
            return "imported; the same record was here, with fewer files", True
        return "kept; the same record is here already", False
    if old.unfinished and not new.unfinished:
        return "replaced; the run that was here was cut off", True
    if moment(new.ended_at) > moment(old.ended_at):
        return f"replaced; the record that was here is older ({old.ended_at})", True
    return f"kept; the record that is here is no older ({old.ended_at})", False


def _written(run: _Packed, *, folder: Path, beside: Path | None) -> Path:
    """Write a run's files, and what the same run has here that the bundle is without."""
    there = {name: beside / name for name in held(run.record, beside)} if beside else {}
    files = {name: one.read_bytes() for name, one in there.items()} | dict(run.files)
    for name, found in files.items():
        make((folder / name).parent)
        write_whole(folder / name, found)
    return folder


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
