"""All records of a results folder or of a bundle, read where they lie; imports no mlflow."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ncabench import outside
from ncabench.errors import RecordError
from ncabench.record import bundle
from ncabench.record.stored import StoredRun
from ncabench.run.folder import records
from ncabench.run.outcome import RECORD, Record


@dataclass(frozen=True, kw_only=True)
class ResultSet:
    """What a results folder or a bundle holds.

    Attributes:
        name: the folder or file, as the user named it.
        runs: its runs, as the store would give them; of a bundle, without their artifacts.
        records: the whole record of each run, by ``run_id``.
        problems: records that cannot be read, one message each.
    """

    name: str
    runs: tuple[StoredRun, ...]
    records: Mapping[str, Record]
    problems: tuple[str, ...] = ()


def read(path: Path) -> ResultSet:
    """Return the records of a results folder or of a bundle; nothing is written there.

    A bundle is checked as `import` checks it, in a folder that is thrown away.

    Raises:
        RecordError: it is neither, is damaged, or holds no record.
    """
    if path.is_dir():
        return _read(path, name=str(path))
    with tempfile.TemporaryDirectory(prefix="ncabench-") as folder:
        bundle.import_(path, results=Path(folder))
        return _read(Path(folder), name=str(path))


def _read(results: Path, *, name: str) -> ResultSet:
    found: dict[str, tuple[Path, Record]] = {}
    problems = []
    for place, record in records(results):
        if isinstance(record, RecordError):
            problems.append(str(record))
        elif not all(map(math.isfinite, record.values.values())):
            problems.append(f"{place / RECORD}: is damaged: a value is not a finite number")
        else:
            _know(record)
            found[f"{place.parent.name}/{place.name}"] = (place, record)
    if not found and not problems:
        raise RecordError(f"{name}: holds no records; a results folder has them in runs/")
    return ResultSet(
        name=name,
        runs=tuple(_run(id, record, place) for id, (place, record) in found.items()),
        records={id: record for id, (_, record) in found.items()},
        problems=tuple(problems),
    )


def _know(record: Record) -> None:
    """Let the kinds of files that a record was made with be described."""
    with suppress(AttributeError, KeyError, TypeError):  # then they cannot be
        outside.from_spec(record.spec, trusted=False)


def _run(run_id: str, record: Record, place: Path) -> StoredRun:
    return StoredRun(
        run_id=run_id,
        role=record.role,
        id=record.id,
        device_class=record.device_class,
        device=str(record.environment.get("device") or record.device_class),
        engine=record.engine,
        outcome=record.outcome,
        reason=record.reason,
        unfinished=record.unfinished,
        values=record.values,
        labels=record.labels,
        training=str(record.spec.get("training_id", "")),
        seconds=record.seconds,
        started_at=record.started_at,
        ended_at=record.ended_at,
        warnings=record.warnings,
        digest=record.digest,
        folder=place,
    )
