"""Runs as the page opens them: what was asked, on what it ran, and what it gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ncabench.errors import RecordError
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts
from ncabench.report.page.strips import Strips

DIGITS = 5  # of what is drawn
Json = dict[str, Any]


class Recorded:
    """The page's runs, each once, named by their place in a list.

    Runs go by what they are, not by MLflow's names for them, so that a store that was
    imported gives the page of the store that it came from.
    """

    def __init__(self, runs: Sequence[StoredRun], *, strips: Strips) -> None:
        self._strips = strips
        ordered = sorted(runs, key=lambda run: (run.role, *run.key, run.digest))
        self._places = {run.run_id: place for place, run in enumerate(ordered)}
        self._trainings = {run.key: run for run in ordered if run.role == "training"}
        self._environments: dict[str, int] = {}
        self.runs = [self._run(run) for run in ordered]

    @property
    def environments(self) -> list[Json]:
        """Every environment once; a run names its place here."""
        return [json.loads(text) for text in self._environments]

    def place(self, run_id: str) -> int:
        """Return where a run stands in ``runs``."""
        return self._places[run_id]

    def _run(self, run: StoredRun) -> Json:
        record = _record(run)
        environment = dict(record.get("environment", {}))
        commit = environment.pop("commit", None)
        text = json.dumps(environment, sort_keys=True)
        return {
            "role": run.role,
            "id": run.id,
            "outcome": "unfinished" if run.unfinished else run.outcome,
            "reason": run.reason,
            "device": run.device or run.device_class,
            "engine": run.engine,
            "seconds": run.seconds,
            "ended_at": run.ended_at,
            "labels": [dict(one) for one in run.labels],
            "warnings": list(run.warnings),
            "record_sha256": run.digest,
            "commit": _commit(commit),
            "sources": _sources(record.get("sources", {})),
            "training": self._training(run),
            "spec": record.get("spec", {}),
            "values": dict(sorted(run.values.items())),
            "environment": self._environments.setdefault(text, len(self._environments)),
            "curves": _curves(run),
            "strips": self._strips.of.get(run.run_id, []),
        }

    def _training(self, run: StoredRun) -> int | None:
        """The training that an evaluation tests, on its device, by its engine if possible."""
        near = [
            one
            for key, one in self._trainings.items()
            if key[:2] == (run.training, run.device_class)
        ]
        best = max(near, key=lambda one: (one.engine == run.engine, one.ended_at), default=None)
        return self._places[best.run_id] if best else None


def _record(run: StoredRun) -> Json:
    path = run.artifact(artifacts.RECORD)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: is damaged ({error})") from error


def _commit(found: Any) -> str:
    """Return a commit in words.

    >>> _commit({"sha": "abc", "dirty": True}), _commit(None)
    ('abc, with changes', 'not recorded')
    """
    if not isinstance(found, Mapping):
        return str(found or "not recorded")
    return f"{found.get('sha')}{', with changes' if found.get('dirty') else ''}"


def _sources(found: Mapping[str, str]) -> str:
    """Return how many source files decided the numbers, and one digest of them all."""
    if not found:
        return "not recorded"
    text = json.dumps(found, sort_keys=True).encode()
    return f"{len(found)} files, together {hashlib.sha256(text).hexdigest()[:12]}"


def _curves(run: StoredRun) -> Json:
    return {
        name: {
            "over": one.over,
            "steps": list(one.steps),
            "values": [_short(value) for value in one.values],
        }
        for name, one in artifacts.curves(run).items()
    }


def _short(value: float) -> float | None:
    """Return a number in as many digits as a drawing shows; JSON knows no infinity.

    >>> _short(0.123456789), _short(float("inf"))
    (0.12346, None)
    """
    return float(f"{value:.{DIGITS}g}") if abs(value) < float("inf") else None
