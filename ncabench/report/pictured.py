"""Which evaluations curves and filmstrips are drawn of, and what is drawn together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.report import heads
from ncabench.suite.suite import Suite

AXES = ("task", "perturbation", "protocol")  # what one drawing is of
NONE = "none"  # the kind of a perturbation that does nothing


def evaluations(plan: Plan) -> list[Entry]:
    """Return the evaluations that some row of a table shows, in the order of the plan.

    Of a suite without tables, all of them. Entries that only a check compares, such as
    short probes, would be lines and pictures without a row to explain them.
    """
    wheres = [row.where for table in plan.suite.tables for row in table.rows]
    every = list(plan.of("evaluation"))
    return [one for one in every if any(map(one.serves, wheres))] if wheres else every


def points(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the grid points of one entry, rng_seeds aside, each once."""
    plain = [tuple((k, v) for k, v in one.items() if k != "rng_seed") for one in entry.labels]
    return [dict(point) for point in dict.fromkeys(plain)]


def of(point: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a grid point is drawn together with others by: one name for each axis."""
    return tuple(str(point.get(axis, "")) for axis in AXES)


def title(suite: Suite, place: Sequence[str]) -> str:
    """Return what stands over a drawing: what it is of, and what stands in for what."""
    task, perturbation, protocol = place
    table = suite.components["perturbation"].get(perturbation, {})
    named = (task, "" if table.get("kind") == NONE else perturbation, protocol)
    return " · ".join(part for part in (*named, *heads.in_place(suite)) if part)


def is_perturbed(entry: Entry) -> bool:
    """Tell whether something was done to the states of an evaluation."""
    return bool(entry.spec.get("perturbation", {}).get("kind", NONE) != NONE)
