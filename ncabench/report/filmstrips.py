"""Pictures that runs took of growth, damage and recovery."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, pictured
from ncabench.report.chosen import choose
from ncabench.report.view import Picture

_NAME = re.compile(r"filmstrip-.*\.png")


def collect(plan: Plan, runs: Sequence[StoredRun], *, folder: str) -> tuple[Picture, ...]:
    """Return the filmstrips of the plan's evaluations, in the order of the plan.

    Raises:
        RecordError: a run's record or picture is missing.
    """
    evaluations = pictured.evaluations(plan)
    chosen = choose(evaluations, runs)
    found: list[Picture] = []
    for entry in evaluations:
        run = chosen.run(entry.role, entry.id)
        if run is not None and entry.labels:
            names = [name for name in artifacts.names(run) if _NAME.fullmatch(name)]
            found += [
                _picture(run, name, label=entry.labels[0], folder=folder) for name in names
            ]
    return tuple(found)


def _picture(run: StoredRun, name: str, *, label: Mapping[str, Any], folder: str) -> Picture:
    words = [
        f"seed{value}" if axis == "rng_seed" else str(value) for axis, value in label.items()
    ]
    what = name.removeprefix("filmstrip-").removesuffix(".png")
    path = Path(folder) / f"{_slug('-'.join([*words, what]))}.png"
    caption = f"{', '.join(words)}: {what} ({run.device_class})"
    return Picture(caption=caption, path=path, data=run.artifact(name).read_bytes())


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)
