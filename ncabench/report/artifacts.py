"""What a report reads of a run's files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ncabench.errors import RecordError
from ncabench.record.stored import StoredRun

CURVES = "curves.json"
RECORD = "record.json"


@dataclass(frozen=True, kw_only=True)
class CurveRead:
    """A quantity over steps, or what ``over`` says: mean and standard deviation of samples."""

    steps: tuple[int, ...]
    values: tuple[float, ...]
    spreads: tuple[float, ...]
    over: str = "steps"


def names(run: StoredRun) -> tuple[str, ...]:
    """Return the names of a run's artifacts, sorted.

    Raises:
        RecordError: the run's record is missing or damaged.
    """
    return tuple(sorted(_document(run, RECORD).get("artifacts", {})))


def curves(run: StoredRun) -> dict[str, CurveRead]:
    """Return a run's curves by name; none where it kept none.

    Raises:
        RecordError: the file is damaged.
    """
    if CURVES not in names(run):
        return {}
    raw = _document(run, CURVES)
    try:
        return {
            name: CurveRead(
                steps=tuple(int(step) for step in one["steps"]),
                values=tuple(float(value) for value in one["values"]),
                spreads=tuple(float(spread) for spread in one["spreads"]),
                over=str(one.get("over", "steps")),
            )
            for name, one in raw.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{run.artifact(CURVES)}: holds no curves ({error!r})") from error


def _document(run: StoredRun, name: str) -> dict[str, Any]:
    path: Path = run.artifact(name)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: is damaged ({error})") from error
    if not isinstance(raw, dict):
        raise RecordError(f"{path}: is damaged (expected an object)")
    return raw
