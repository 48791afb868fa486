"""Where every number of a report comes from: runs, and what they ran on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report.chosen import Chosen


def document(plan: Plan, shown: Sequence[tuple[str, Chosen]]) -> str:
    """Return as JSON which runs each table shows, and the environment of each run.

    Runs go by their records (``ID/DEVICE-ENGINE``), which are the same in every store.

    Args:
        plan: whose suite, preset and ``--set`` values are stated.
        shown: name of a table, and the runs that it shows.
    """
    runs = {_name(run): run for _, chosen in shown for run in chosen.runs.values()}
    content = {
        "suite": plan.suite.name,
        "preset": plan.suite.preset,
        "set": list(plan.suite.sets),
        "written_by": f"ncabench {metadata.version('ncabench')}",
        "tables": {
            name: {
                "device_class": chosen.device_class,
                "runs": sorted(_name(run) for run in chosen.runs.values()),
            }
            for name, chosen in shown
        },
        "runs": {name: _run(runs[name]) for name in sorted(runs)},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _name(run: StoredRun) -> str:
    return f"{run.id}/{run.device_class}-{run.engine}"


def _run(run: StoredRun) -> dict[str, Any]:
    return {
        "role": run.role,
        "id": run.id,
        "device_class": run.device_class,
        "device": run.device,
        "engine": run.engine,
        "outcome": run.outcome,
        "seconds": run.seconds,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "record_sha256": run.digest,
        "environment": run.environment,
    }
