"""A run as the report sees it, and the local cache of all of them; imports no mlflow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ncabench.errors import MachineError, RecordError
from ncabench.record import tracking
from ncabench.record.content import PREFIX, SPEC
from ncabench.record.tracking import Row
from ncabench.run.folder import make
from ncabench.run.outcome import RECORD, write_whole

LAYOUT = 1
_WORDS = (  # fields that are tags as they stand
    *("role", "id", "device_class", "device", "engine", "outcome", "reason"),
    *("training", "started_at", "ended_at", "digest"),
)


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A finished run that MLflow holds.

    Attributes:
        run_id: MLflow's name of the run.
        role: ``"training"``, ``"evaluation"``, ``"profile"`` or ``"suite"``.
        id: short hash of what was asked.
        device_class: ``"cpu"``, or a GPU's name as ``"nvidia-h200"``.
        device: the device's full name.
        engine: the engine that ran.
        outcome: how it ended; ``"ok"`` or the word for a failure.
        reason: why, where it is not ``"ok"``; 500 characters of it.
        unfinished: it was cut off and goes on when run again.
        values: named finite numbers, the bits of the record's (but -0.0 comes back as 0.0).
        labels: the grid points that it serves.
        training: id of the training that an evaluation tests, or ``""``.
        seconds: time that it took.
        started_at: ISO 8601.
        ended_at: ISO 8601.
        warnings: what a reader should know.
        digest: SHA-256 of the record.
        folder: where its artifacts lie, or are fetched to.
        remote: MLflow's tracking URI where they must be fetched first, or ``""``.
    """

    run_id: str
    role: str
    id: str
    device_class: str
    device: str
    engine: str
    outcome: str
    reason: str
    unfinished: bool
    values: Mapping[str, float]
    labels: tuple[Mapping[str, Any], ...]
    training: str
    seconds: float
    started_at: str
    ended_at: str
    warnings: tuple[str, ...]
    digest: str
    folder: Path
    remote: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What its record is keyed by: id, device class, engine."""
        return self.id, self.device_class, self.engine

    @property
    def spec(self) -> dict[str, Any]:
        """What was asked, whole."""
        return self._document(SPEC)

    @property
    def environment(self) -> dict[str, Any]:
        """Commit, versions, device, driver and flags of the run."""
        return dict(self._document(RECORD).get("environment", {}))

    def artifact(self, name: str) -> Path:
        """Return the local path of an artifact.

        Raises:
            RecordError: the run has no such artifact.
            MachineError: it cannot be fetched.
        """
        path = self.folder / name
        if self.remote and not path.is_file():
            tracking.download(self.remote, run_id=self.run_id, name=name, into=self.folder)
        if not path.is_file():
            raise RecordError(f"{path}: {self.role} {self.id} has no artifact {name!r}")
        return path

    def _document(self, name: str) -> dict[str, Any]:
        path = self.artifact(name)
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise RecordError(
                f"{path}: is damaged ({error}); `ncabench sync` builds it anew from the records"
            ) from error


def moment(text: str) -> datetime:
    """Return the time that an ISO 8601 text names; UTC unless it says otherwise.

    >>> moment("2026-05-01T12:00:00Z") == moment("2026-05-01T14:00:00+02:00")
    True
    """
    if not text:
        return datetime.fromtimestamp(0, UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def newest(runs: Iterable[StoredRun]) -> list[StoredRun]:
    """Return the newest run of each key, the newest first."""
    latest: dict[tuple[str, str, str], StoredRun] = {}
    for run in sorted(runs, key=lambda run: (moment(run.ended_at), run.run_id)):
        latest[run.key] = run
    return sorted(
        latest.values(), key=lambda run: (moment(run.ended_at), run.key), reverse=True
    )


def stored_run(row: Row, *, folder: Path, remote: str) -> StoredRun:
    """Return a run from what MLflow holds of it."""
    tags = {name.removeprefix(PREFIX): text for name, text in row.tags.items()}
    series = set(json.loads(tags.get("series", "[]")))
    words = {name: tags.get(name, "") for name in _WORDS}
    run = StoredRun(
        run_id=row.run_id,
        unfinished=tags.get("unfinished") == "true",
        values={name: value for name, value in row.metrics.items() if name not in series},
        labels=tuple(json.loads(tags.get("labels", "[]"))),
        seconds=float(tags.get("seconds", "0")),
        warnings=tuple(json.loads(tags.get("warnings", "[]"))),
        folder=folder,
        remote=remote,
        **words,
    )
    return run if {"labels", "warnings"} <= tags.keys() else _from_record(run)


def _from_record(run: StoredRun) -> StoredRun:
    """Fill in what was too long for a tag."""
    record = run._document(RECORD)
    given = {one.name: getattr(run, one.name) for one in fields(run)}
    given |= {name: tuple(record.get(name, ())) for name in ("labels", "warnings")}
    return StoredRun(**given)


def read_cache(path: Path, *, stamp: list[int], home: Path) -> list[StoredRun] | None:
    """Return the cached runs, or None where the store has changed since."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["layout"] != LAYOUT or raw["stamp"] != stamp:
            return None
        return [
            StoredRun(
                **{
                    **one,
                    "labels": tuple(one["labels"]),
                    "warnings": tuple(one["warnings"]),
                    "folder": home / one["folder"],
                }
            )
            for one in raw["runs"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_cache(path: Path, runs: Iterable[StoredRun], *, stamp: list[int], home: Path) -> None:
    """Keep the runs for the next call; a disk that refuses costs only time."""
    plain = [{**asdict(run), "folder": run.folder.relative_to(home).as_posix()} for run in runs]
    text = json.dumps({"layout": LAYOUT, "stamp": stamp, "runs": plain})
    with suppress(MachineError):
        make(path.parent)
        write_whole(path, text.encode())
