"""Which suites were run, with which preset and overlays: records beside those of entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.run import folder, outcome
from ncabench.run.outcome import Record
from ncabench.suite.suite import Suite


def remember(planned: Plan, *, results: Path) -> None:
    """Leave a record that this suite was run, so that a report needs no file name.

    Args:
        planned: what the suite asks for.
        results: folder of runs.
    """
    id = suite_id(planned.suite)
    place = folder.run_folder(results, id=id, device_class="any", engine="none")
    record = Record(
        role="suite",
        id=id,
        device_class="any",
        engine="none",
        outcome="ok",
        spec={**_asked_of(planned.suite), "entries": [one.id for one in planned.entries]},
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    outcome.write(record, folder=folder.make(place))


def suite_id(suite: Suite) -> str:
    """Return the id under which a suite, its preset and its overlays are remembered."""
    text = json.dumps(_asked_of(suite), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def report_name(suite: Suite) -> str:
    """Return the name of the folder that a suite's report lies in."""
    whole = suite.preset in ("paper", suite.name)
    return suite.name if whole else f"{suite.name}-{suite.preset}"


def apart(specs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what was asked for, each suite, preset and overlay once, the first of each.

    >>> again = [{"path": "a.toml", "preset": "short", "sets": []}] * 2
    >>> len(apart([*again, {"path": "a.toml", "preset": "smoke", "sets": []}]))
    2
    """
    found = {(one["path"], one["preset"], *one["sets"]): one for one in reversed(specs)}
    return list(reversed(found.values()))


def _asked_of(suite: Suite) -> dict[str, Any]:
    return {
        "name": suite.name,
        "path": str(suite.path),
        "preset": suite.preset,
        "sets": list(suite.sets),
        "document": suite.document,
    }
