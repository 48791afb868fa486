"""Stored runs that no cell of a table shows, as tables of their own: nothing is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ncabench.record.stored import StoredRun
from ncabench.report.cells import WORDS
from ncabench.report.coverage import NOT_RUN
from ncabench.report.page.recorded import Recorded, asked

Json = dict[str, Any]
TITLE = "Runs that no table above shows"
NOW_ELSE = (
    "As it was asked for then, this suite planned these runs; as it stands today, it plans "
    "others in their place, so that no table judges them."
)
BY_NONE = "No suite that is known here asks for these runs."


def table(places: Iterable[int], recorded: Recorded, *, title: str = TITLE) -> Json:
    """Return a table of one row for each run, whose cell opens it."""
    return {
        "id": "other-runs",
        "title": title,
        "captions": [],
        "row_head": "Run",
        "heads": [{"group": "", "label": "Outcome", "notes": []}],
        "rows": [_row(at, recorded) for at in sorted(places)],
        "notes": [],
        "title_notes": [],
    }


def _row(at: int, recorded: Recorded) -> Json:
    run = recorded.runs[at]
    return {
        "label": f"{run['role']} {run['id']}: {_names(run['labels'])}",
        "notes": [],
        "cells": [opening([at], recorded, measured=word(run["outcome"]))],
    }


def opening(places: Sequence[int], recorded: Recorded, *, measured: str) -> Json:
    """Return a cell that the paper prints nothing beside, and that opens some runs."""
    found = [recorded.runs[at]["outcome"] for at in places]
    return {
        "measured": measured,
        "value": "",
        "n": found.count("ok"),
        "planned": len(found),
        "printed": "",
        "verdict": "",
        "reason": "",
        "needs": "",
        "ratio": "",
        "outcomes": list(dict.fromkeys(map(word, found))) or [NOT_RUN],
        "notes": [],
        "runs": sorted(places),
    }


def word(outcome: str) -> str:
    """Return an outcome as tables call it.

    >>> word("ok"), word("oom")
    ('ok', 'OOM')
    """
    return WORDS.get(outcome, outcome)


def _names(labels: Sequence[Mapping[str, Any]]) -> str:
    """Return the grid points of a run, each axis once."""
    found: dict[str, dict[str, None]] = {}
    for label in labels:
        for axis, value in label.items():
            found.setdefault(axis, {})[str(value)] = None
    return ", ".join(
        f"{axis} {'/'.join(values)}" if axis == "rng_seed" else "/".join(values)
        for axis, values in found.items()
    )


def suites(
    places: Mapping[int, StoredRun], remembered: Sequence[StoredRun], recorded: Recorded
) -> list[Json]:
    """Return sections for runs that no plan of today has, by the suite that asked for them.

    Args:
        places: where those runs stand in the page.
        remembered: the suites that were run, as they were then.
        recorded: the page's runs.
    """
    left, found = dict(places), []
    newest_first = sorted(remembered, key=lambda one: (one.ended_at, one.id), reverse=True)
    for one in newest_first:
        spec = asked(one)
        mine = {at for at, run in left.items() if run.id in spec.get("entries", ())}
        if mine:
            found.append(_section(spec, f"as it was on {one.ended_at[:10]}", NOW_ELSE))
            found[-1]["tables"] = [table(mine, recorded, title="Its runs")]
            left = {at: run for at, run in left.items() if at not in mine}
    if left:
        found.append(_section({"name": "others"}, "of no suite", BY_NONE))
        found[-1]["tables"] = [table(left, recorded, title="Other runs")]
    return found


def _section(spec: Mapping[str, Any], when: str, why: str) -> Json:
    document = spec.get("document", {})
    name, preset = str(spec.get("name", "")), str(spec.get("preset", ""))
    return {
        "key": f"{name}-{preset}-{when}",
        "name": name,
        "when": when,
        "title": f"{document.get('title', 'Runs')} ({when})",
        "paper": str(document.get("paper", "")),
        "preset": preset,
        "set": list(spec.get("sets", ())),
        "summary": [why],
        "figures": [],
        "pictures": [],
        "tables": [],
    }
