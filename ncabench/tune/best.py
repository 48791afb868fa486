"""The best of a study against the suite as it stands, on rng_seeds that no trial saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ncabench import pipeline
from ncabench.compare import compare_plans
from ncabench.plan.planner import Plan
from ncabench.report.comparison.compared import Comparison
from ncabench.report.comparison.differences import differences
from ncabench.run.scheduler import Watcher
from ncabench.tune import measure
from ncabench.tune.space import told
from ncabench.tune.tuner import Tuned

BUDGET = ("iterations", "epochs", "batch", "steps")  # keys of a recipe that say how much is run


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """How the tuned suite does beside the default one.

    Attributes:
        comparison: A is the suite as it stands, B the best trial.
        unequal: in what their budgets differ; empty where they do not.
    """

    comparison: Comparison
    unequal: tuple[str, ...]


def compare_held_out(tuned: Tuned, *, watcher: Watcher) -> HeldOut:
    """Run both on the held-out rng_seeds, and compare them whatever comes of it."""
    asked, settings = tuned.asked, tuned.tune
    seeds = settings.held_out
    default = asked.plan({}, rng_seeds=seeds)
    best = asked.plan(tuned.best.parameters, rng_seeds=seeds)
    plans = [default, best]
    wanted = {id for one in plans for id in measure.ids(one, settings, rng_seeds=seeds)}
    pipeline.run_together(
        plans,
        asked.space,
        device=asked.device,
        workers=asked.workers,
        keep=lambda one: one.id in wanted,
        watcher=watcher,
    )
    comparison = compare_plans(
        ("default", "the suite as it stands", default),
        ("tuned", told(tuned.best.parameters), best),
        where=settings.where,
        space=asked.space,
        value=settings.metric,
    )
    return HeldOut(comparison=comparison, unequal=tuple(_unequal(default, best)))


def _unequal(default: Plan, best: Plan) -> list[str]:
    """Return in what the trainings' budgets differ, each once."""
    pairs = zip(default.of("training"), best.of("training"), strict=False)
    return list(
        dict.fromkeys(
            line
            for one, other in pairs
            for line in differences(
                _budget(one.spec["trainer"]), _budget(other.spec["trainer"])
            )
        )
    )


def _budget(trainer: Any) -> dict[str, Any]:
    return {key: trainer[key] for key in BUDGET if key in trainer}
