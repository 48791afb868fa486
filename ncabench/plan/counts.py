"""Checks a plan by building its models without memory, and counts their weights.

What was checked once is remembered, so that planning it again needs no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ncabench.plan import sources
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan

KEPT = 100  # plans remembered
ENTRIES = 50_000  # of all of them together, about
VERSION = 3  # of what is remembered

Counts = dict[str, int | None]


def count(plan: Plan, *, root: Path | None, cache: Path | None = None) -> Counts:
    """Return the number of weights of each entry's model, by the entry's id.

    It is None where the task's data is missing and its sizes, which decide the layout, cannot
    be told without it.

    Args:
        plan: what to check and count.
        root: where data sets are looked for first.
        cache: a JSON file of earlier answers; left alone where it cannot be written.

    Raises:
        SuiteError: a constructor refuses its parameters; lists every such problem.
    """
    known = _read(cache)
    key = _key(plan)
    if key not in known:
        from ncabench.plan import assemble  # torch: only where something is new

        trainings = assemble.check(plan, root=root)
        known[key] = {one.id: _count(one, plan, trainings) for one in plan.entries}
        _write(cache, _latest(known))
    return known[key]


def _count(entry: Entry, plan: Plan, trainings: Mapping[str, int]) -> int | None:
    if entry.role == "profile":
        same = [one.id for one in plan.of("training") if _model(one) == _model(entry)]
        return trainings.get(same[0] if same else entry.id)
    return trainings.get(entry.needs or entry.id)


def _model(entry: Entry) -> list[Any]:
    return [entry.spec[name] for name in ("model", "parts", "task")]


def _key(plan: Plan) -> str:
    asked = [[one.id, one.missing] for one in plan.entries]
    read = sorted({pair for one in plan.entries for pair in sources.digests(one.spec).items()})
    return hashlib.sha256(json.dumps([VERSION, asked, read]).encode()).hexdigest()


def _latest(known: Mapping[str, Counts]) -> dict[str, Counts]:
    """Return the newest plans: the last one, and as many before it as may be kept."""
    kept: dict[str, Counts] = {}
    entries = 0
    for key, found in list(known.items())[: -KEPT - 1 : -1]:
        entries += len(found)
        if kept and entries > ENTRIES:
            break
        kept[key] = found
    return dict(reversed(kept.items()))


def _read(cache: Path | None) -> dict[str, Counts]:
    try:
        found = json.loads(cache.read_text(encoding="utf-8")) if cache else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(cache: Path | None, known: Mapping[str, Counts]) -> None:
    if cache is None:
        return
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(known, indent=1), encoding="utf-8")
    except OSError:
        return  # a plan can be printed where nothing can be written
