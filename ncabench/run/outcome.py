"""How a run ended, and the record of it on disk; imports no torch."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ncabench.errors import MachineError, RecordError

Outcome = Literal[
    "ok", "oom", "diverged", "timeout", "crashed", "no_data", "infeasible", "skipped"
]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
Role = Literal["training", "evaluation", "profile", "suite"]
SCHEMA = 1
RECORD = "record.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """All that is known of a finished run.

    Keyed by (id, device class, resolved engine): an id names what was asked.

    Attributes:
        role: what was run; ``"suite"`` for an invocation of a whole suite.
        id: short hash of what was asked.
        device_class: ``"cpu"``, or a GPU's name as ``"nvidia-h200"``.
        engine: the engine that ran, such as ``"eager"``.
        outcome: how it ended.
        reason: why, where it is not ``"ok"``; the first line stands in tables' footnotes.
        unfinished: the run was cut off (killed, interrupted) and goes on when run again.
        spec: what was asked, whole.
        labels: the grid points that it serves, as the suite names them.
        values: named finite numbers.
        artifacts: file names in the run folder, and the SHA-256 of each.
        environment: commit, versions, device, driver, flags.
        sources: SHA-256 of the syntax trees of the source files that decided the numbers.
        seconds: time that the run took, all its attempts together.
        started_at: ISO 8601, UTC.
        ended_at: ISO 8601, UTC.
        resumed_at: iterations at which a killed training went on, where that may change bits.
        warnings: what a reader should know, such as an engine that fell back.
        schema: version of this layout.
    """

    role: Role
    id: str
    device_class: str
    engine: str
    outcome: Outcome
    reason: str = ""
    unfinished: bool = False
    spec: Mapping[str, Any]
    labels: tuple[Mapping[str, Any], ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    started_at: str = ""
    ended_at: str = ""
    resumed_at: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    schema: int = SCHEMA

    @property
    def digest(self) -> str:
        """SHA-256 of the whole record, in hex."""
        return hashlib.sha256(dump(self).encode()).hexdigest()


def dump(record: Record) -> str:
    """Return the record as JSON; a number that is not finite is refused.

    Raises:
        ValueError: some value is NaN or infinite.
    """
    return json.dumps(asdict(record), allow_nan=False, indent=1, sort_keys=True)


def write(record: Record, *, folder: Path) -> None:
    """Write ``record.json`` into the run folder, whole or not at all.

    Raises:
        MachineError: the disk is full, or the folder cannot be written.
    """
    write_whole(folder / RECORD, dump(record).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old content or the new, never a part.

    Raises:
        MachineError: the disk is full, or the folder cannot be written; the old content
            stays.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise MachineError(f"{path}: cannot be written: {error.strerror or error}") from error


def read(folder: Path) -> Record:
    """Return the record in a run folder.

    Raises:
        RecordError: there is none, it is damaged, or a newer ncabench wrote it.
    """
    path = folder / RECORD
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(f"{path}: there is no record") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordError(
            f"{path}: is damaged ({error}); delete its folder to run the entry again"
        ) from error
    return parse(raw, where=str(path))


def parse(raw: Any, *, where: str) -> Record:
    """Return the record that ``raw`` (decoded JSON) holds.

    Raises:
        RecordError: it is no record, or of a newer schema.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("schema"), int):
        raise RecordError(f"{where}: is no record of ncabench (no schema number)")
    if raw["schema"] > SCHEMA:
        raise RecordError(
            f"{where}: has schema {raw['schema']}, this ncabench reads up to {SCHEMA}; "
            "update ncabench"
        )
    known = {one.name for one in fields(Record)}
    needed = {"role", "id", "device_class", "engine", "outcome", "spec"}
    if needed - raw.keys() or raw.keys() - known or raw["outcome"] not in OUTCOMES:
        odd = sorted((needed - raw.keys()) | (raw.keys() - known)) or [raw["outcome"]]
        raise RecordError(f"{where}: is damaged (see {', '.join(map(str, odd))})")
    tuples = {
        name: tuple(raw[name]) for name in ("labels", "resumed_at", "warnings") if name in raw
    }
    return Record(**{**raw, **tuples})
