"""What MLflow is told of a record: tags, parameters, metrics and files; imports no mlflow."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ncabench.errors import RecordError
from ncabench.run.folder import LOG
from ncabench.run.outcome import RECORD, Record

PREFIX = "ncabench."
CURVES = "curves.json"
SPEC = "spec.json"
TAG_CHARS = 5000  # MLflow's own limit is 8,000, and was 5,000
PARAM_CHARS = 500
REASON_CHARS = 500
KEY_CHARS = 250
SERIES_POINTS = 1000


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value of a metric.

    Attributes:
        name: the metric's name.
        value: a finite number.
        step: iteration of a training, or t of a rollout; 0 for a value of the whole run.
        at_ms: milliseconds since 1970, UTC; points of a series have increasing ones.
    """

    name: str
    value: float
    step: int
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Content:
    """A record as MLflow will hold it.

    Attributes:
        name: the run's name, ``"ROLE/ID"``.
        ok: it ended as it should.
        start_ms: when it began, in milliseconds since 1970, UTC.
        end_ms: when it ended, likewise.
        tags: what runs are found and listed by.
        params: the spec, flattened and cut; ``spec.json`` has it whole.
        points: values, then series.
        files: artifacts by name, copied from these paths.
        texts: artifacts by name, written from these texts.
    """

    name: str
    ok: bool
    start_ms: int
    end_ms: int
    tags: Mapping[str, str]
    params: Mapping[str, str]
    points: Sequence[Point]
    files: Mapping[str, Path]
    texts: Mapping[str, str]


def content(record: Record, *, folder: Path, digest: str) -> Content:
    """Return what MLflow is told of the record in a run folder.

    Raises:
        RecordError: the record or one of its files is damaged or missing.
    """
    try:
        return _content(record, folder=folder, digest=digest)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RecordError(
            f"{folder / RECORD}: is damaged ({error}); delete its folder to run the entry again"
        ) from error


def _content(record: Record, *, folder: Path, digest: str) -> Content:
    _check(record, folder=folder)
    start_ms, end_ms = _milliseconds(record.started_at), _milliseconds(record.ended_at)
    series = [
        point for point in _series(record, folder, start_ms) if point.name not in record.values
    ]
    values = [
        Point(name=name, value=float(value), step=0, at_ms=end_ms)
        for name, value in record.values.items()
    ]
    names = sorted({point.name for point in series})
    return Content(
        name=f"{record.role}/{record.id}",
        ok=record.outcome == "ok",
        start_ms=start_ms,
        end_ms=end_ms,
        tags=_tags(record, digest=digest, series=names),
        params=flattened(record.spec),
        points=values + series,
        files={
            RECORD: folder / RECORD,
            **{name: folder / name for name in held(record, folder)},
        },
        texts={SPEC: json.dumps(record.spec, indent=1, sort_keys=True)},
    )


def held(record: Record, folder: Path) -> list[str]:
    """Return the names of the artifacts that a run folder should have.

    That is all but checkpoints (``*.pt``), which never travel, and what stayed behind.
    """
    return [name for name in kept(record) if not may_stay(name) or (folder / name).exists()]


def kept(record: Record) -> list[str]:
    """Return the names of the artifacts that travel: all but checkpoints (``*.pt``)."""
    return sorted(name for name in record.artifacts if not name.endswith(".pt"))


def may_stay(name: str) -> bool:
    """Whether an artifact may stay behind when a record travels: weights and filmstrips."""
    return is_weights(name) or is_film(name)


def is_weights(name: str) -> bool:
    """Whether an artifact is weights."""
    return name.endswith(".safetensors")


def is_film(name: str) -> bool:
    """Whether an artifact is a filmstrip."""
    return re.fullmatch(r"filmstrip-.*\.png", name) is not None


def verified(path: Path, digest: str) -> bytes:
    """Return a file's content.

    Raises:
        RecordError: it is missing, or is not what its digest says.
    """
    try:
        found = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(found).hexdigest() != digest:
        raise RecordError(
            f"{path}: is not what its record says (SHA-256 differs); "
            "delete its folder to run the entry again"
        )
    return found


def flattened(spec: Mapping[str, Any], *, at: str = "") -> dict[str, str]:
    """Return a spec as dotted keys and short texts.

    >>> flattened({"train": {"batch": 8, "steps": [48, 63]}, "kind": "nca"})
    {'train.batch': '8', 'train.steps': '[48, 63]', 'kind': 'nca'}
    """
    flat: dict[str, str] = {}
    for key, value in spec.items():
        dotted = re.sub(r"[^\w./ -]", "_", f"{at}{key}")[:KEY_CHARS]
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, at=f"{dotted}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            flat[dotted] = text[:PARAM_CHARS]
    return flat


def _check(record: Record, *, folder: Path) -> None:
    """Refuse what `outcome.parse` does not look at."""
    here = f"{folder.parent.name}/{folder.name}"
    if here != f"{record.id}/{record.device_class}-{record.engine}":
        raise ValueError(f"it is not the record of {here}")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", here):
        raise ValueError(f"{here!r} is no name of a run folder")
    for name, value in record.values.items():
        if isinstance(value, bool) or not math.isfinite(value):
            raise ValueError(f"values.{name} is {value!r}, not a finite number")
    for name in held(record, folder):
        verified(folder / name, record.artifacts[name])


def _tags(record: Record, *, digest: str, series: Sequence[str]) -> dict[str, str]:
    device = record.environment.get("device")
    tags = {
        "id": record.id,
        "role": record.role,
        "outcome": record.outcome,
        "reason": record.reason[:REASON_CHARS],
        "device_class": record.device_class,
        "device": device if isinstance(device, str) else record.device_class,
        "engine": record.engine,
        "schema": str(record.schema),
        "training": str(record.spec.get("training_id", "")),
        "digest": digest,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "seconds": repr(float(record.seconds)),
        "unfinished": json.dumps(record.unfinished),
        "series": json.dumps(series),
    }
    for name, listed in (("labels", record.labels), ("warnings", record.warnings)):
        text = json.dumps(listed, sort_keys=True)
        if len(text) <= TAG_CHARS:  # otherwise the reader looks into the record itself
            tags[name] = text
    return {f"{PREFIX}{name}": text for name, text in tags.items()}


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0


def _series(record: Record, folder: Path, start_ms: int) -> Iterator[Point]:
    rows: dict[str, list[tuple[int, float]]] = {}
    if LOG in record.artifacts:
        rows |= _losses((folder / LOG).read_text(encoding="utf-8"))
    if CURVES in record.artifacts:
        rows |= _curves((folder / CURVES).read_text(encoding="utf-8"))
    for name, points in rows.items():
        for order, (step, value) in enumerate(_thinned(points)):
            yield Point(name=name, value=value, step=step, at_ms=start_ms + order)


def _losses(log: str) -> dict[str, list[tuple[int, float]]]:
    rows: dict[str, list[tuple[int, float]]] = {}
    for line in log.splitlines():
        scalars = json.loads(line)
        iteration = int(scalars.pop("iteration"))
        for name, value in scalars.items():
            if isinstance(value, int | float) and math.isfinite(value):
                rows.setdefault(f"train/{name}", []).append((iteration, float(value)))
    return rows


def _curves(text: str) -> dict[str, list[tuple[int, float]]]:
    return {
        f"curve/{name}": [
            (int(step), float(value))
            for step, value in zip(curve["steps"], curve["values"], strict=True)
            if math.isfinite(value)
        ]
        for name, curve in json.loads(text).items()
    }


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Every k-th point and the last, at most `SERIES_POINTS`; the artifact has them all."""
    every = -(-len(points) // (SERIES_POINTS - 1)) if len(points) > SERIES_POINTS else 1
    thin = points[::every]
    return thin if not points or thin[-1] == points[-1] else [*thin, points[-1]]
