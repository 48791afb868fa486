"""Curves as the page draws them: of evaluations over steps, of trainings over iterations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ncabench.errors import RecordError
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, lines

LOG = "log.jsonl"  # what a training reports of itself, a line for each of some iterations
DIGITS = 5  # of what is drawn
POINTS = 120  # of a training's curve at most, evenly from its log, the last among them
Json = dict[str, Any]


def of(run: StoredRun, record: Mapping[str, Any]) -> Json:
    """Return a run's curves by name; a training's begin with ``training/``.

    Args:
        run: that is stored.
        record: what its record says.

    Raises:
        RecordError: a file is damaged.
    """
    kept = record.get("artifacts", {})
    found = {}
    if artifacts.CURVES in kept:
        found = {
            name: _curve(one.over, one.steps, one.values)
            for name, one in artifacts.curves(run).items()
        }
    return {**found, **(_logged(run) if LOG in kept else {})}


def perturbed(curves: Mapping[str, Any], spec: Mapping[str, Any]) -> list[int]:
    """Return the steps at which a roll-out was perturbed: those that a curve has twice.

    A protocol that does nothing to the state there has them too; they are not returned.
    """
    if spec.get("perturbation", {}).get("kind") == "none":
        return []
    twice = {
        step
        for one in curves.values()
        if one["over"] == "steps"
        for step, following in pairwise(one["steps"])
        if step == following
    }
    return sorted(twice)


def _logged(run: StoredRun) -> Json:
    shown = list(thinned(_lines(run)))
    names = dict.fromkeys(name for line in shown for name in line if name != "iteration")
    return {f"training/{name}": _over(shown, name) for name in names}


def _lines(run: StoredRun) -> list[Json]:
    try:
        path = run.artifact(LOG)
    except RecordError:  # it stayed behind when the record travelled
        return []
    try:
        text = path.read_text(encoding="utf-8")
        return [dict(json.loads(line)) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: is damaged ({error})") from error


def _over(logged: Sequence[Mapping[str, Any]], name: str) -> Json:
    pairs = [(int(line["iteration"]), float(line[name])) for line in logged if name in line]
    return _curve("iterations", [at for at, _ in pairs], [value for _, value in pairs])


def thinned(logged: Sequence[Json], *, most: int = POINTS) -> Iterator[Json]:
    """Yield every so many lines of a log, counted from the last, so that few enough are left.

    >>> [one["iteration"] for one in thinned([{"iteration": n} for n in range(10)], most=4)]
    [0, 3, 6, 9]
    """
    apart = max(-(-len(logged) // most), 1)
    yield from logged[(len(logged) - 1) % apart :: apart]


def bands(plan: Plan, runs: Sequence[StoredRun]) -> list[Json]:
    """Return the suite's figures of curves: a line with its band for each row of a table.

    Raises:
        RecordError: a file is damaged.
    """
    return [
        {
            "title": one.title,
            "metric": one.metric,
            "over": one.over,
            "perturbed": list(one.moments),
            "lines": [
                {
                    "label": line.label,
                    "band": line.band if one.banded(line) else "none, 1 seed",
                    "steps": list(line.steps),
                    "values": [short(value) for value in line.means],
                    "spreads": [short(value) for value in line.spreads]
                    if one.banded(line)
                    else [],
                }
                for line in one.lines
            ],
        }
        for one in lines.drawings(plan, runs)
    ]


def _curve(over: str, steps: Sequence[int], values: Sequence[float]) -> Json:
    return {"over": over, "steps": list(steps), "values": [short(value) for value in values]}


def short(value: float) -> float | None:
    """Return a number in as many digits as a drawing shows; JSON knows no infinity.

    >>> short(0.123456789), short(float("inf"))
    (0.12346, None)
    """
    return float(f"{value:.{DIGITS}g}") if abs(value) < float("inf") else None
