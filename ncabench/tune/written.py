"""A study as files: the best values as an overlay to apply, and all of it as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ncabench.report.comparison import view
from ncabench.run import folder
from ncabench.run.outcome import write_whole
from ncabench.suite.overlay import as_key, as_toml
from ncabench.suite.suite import Tune
from ncabench.tune.best import HeldOut
from ncabench.tune.space import told
from ncabench.tune.study import Tried
from ncabench.tune.tuner import Tuned


def line(one: Tried, settings: Tune) -> str:
    """Return a trial as a line.

    >>> settings = Tune(metric="mse/final", better="lower", rng_seeds=(0, 1), space={})
    >>> line(Tried(number=3, parameters={"a": 1}, state="finished", value=0.5), settings)
    'trial 3: a = 1: mse/final 0.5 (median of 2 rng_seeds)'
    """
    seeds = settings.rng_seeds
    how = f"{one.state}: {one.why}"
    if one.value is not None:
        many = f"median of {len(seeds)} rng_seeds" if len(seeds) > 1 else f"rng_seed {seeds[0]}"
        how = f"{settings.metric} {one.value:.6g} ({many})"
    return f"trial {one.number}: {told(one.parameters)}: {how}"


def counted(trials: Sequence[Tried]) -> str:
    """Return how many trials ended how.

    >>> counted([Tried(number=0, parameters={}, state="pruned")])
    '1 trial: 1 pruned'
    """
    counts = Counter(one.state for one in trials)
    words = ", ".join(f"{counts[word]} {word}" for word in sorted(counts))
    return f"{len(trials)} trial{'s'[: len(trials) != 1]}: {words}"


def overlay(tuned: Tuned, path: Path) -> str:
    """Return the best values as a TOML file, with what they are above them."""
    suite, settings = tuned.suite, tuned.tune
    own = "".join(f" --set '{text}'" for text in tuned.asked.sets)
    head = [
        f"The best of the study {tuned.name!r} on the suite {suite.name}.",
        f"{line(tuned.best, settings)}; {settings.better} is better.",
        f"rng_seeds {', '.join(map(str, settings.rng_seeds))}; {counted(tuned.trials)}; "
        f"sampler {settings.sampler}; on {tuned.device.device_class}; "
        f"{datetime.now(UTC).date().isoformat()}.",
        f"To apply it: ncabench run {suite.path} --preset {suite.preset}{own} --set @{path}",
    ]
    values = [
        f"{'.'.join(map(as_key, key.split('.')))} = {as_toml(value)}"
        for key, value in tuned.best.parameters.items()
    ]
    return "\n".join([*(f"# {text}" for text in head), "", *values, ""])


def document(tuned: Tuned, held_out: HeldOut | None) -> dict[str, Any]:
    """Return all of a study, JSON-able."""
    return {
        "study": tuned.name,
        "suite": tuned.suite.name,
        "preset": tuned.suite.preset,
        "set": list(tuned.asked.sets),
        "device_class": tuned.device.device_class,
        "tune": asdict(tuned.tune),
        "trials": [asdict(one) for one in tuned.trials],
        "best": asdict(tuned.best),
        "held_out": None
        if held_out is None
        else {
            "rng_seeds": list(tuned.tune.held_out),
            "unequal_budget": list(held_out.unequal),
            "comparison": view.document(held_out.comparison),
        },
    }


def write(tuned: Tuned, path: Path, *, held_out: HeldOut | None) -> list[Path]:
    """Write the overlay to ``path`` and the document beside it; return both paths."""
    folder.make(path.parent)
    beside = path.with_suffix(".json")
    write_whole(path, overlay(tuned, path).encode())
    text = json.dumps(document(tuned, held_out), indent=1, default=str)
    write_whole(beside, f"{text}\n".encode())
    return [path, beside]
