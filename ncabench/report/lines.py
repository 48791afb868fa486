"""Curves to be drawn: which figures there are, their lines, and the band around each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ncabench.plan.entry import matches
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, heads, pictured
from ncabench.report.artifacts import CurveRead
from ncabench.report.chosen import choose
from ncabench.suite.suite import Suite

_AXES = ("task", "perturbation", "protocol")  # what one drawing is of


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve with its band.

    Attributes:
        label: as the suite's first table names it.
        steps: the t of each value; the t of the perturbation stands there twice.
        means: mean over rng_seeds, or the one seed's value.
        spreads: sd over rng_seeds (ddof 1), or over the samples of the one seed.
        seeds: number of rng_seeds.
    """

    label: str
    steps: tuple[int, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    seeds: int

    @property
    def band(self) -> str:
        """What the band is."""
        return f"sd of {self.seeds} seeds" if self.seeds > 1 else "sd of samples, 1 seed"

    @property
    def perturbed_at(self) -> int | None:
        """The t that stands twice, or None where nothing was perturbed."""
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return next((step for step, after in pairs if step == after), None)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure before it is drawn: a task, a perturbation and a metric.

    Attributes:
        name: of its files, without their ending.
        title: over it.
        metric: beside the vertical axis.
        device_class: where the runs ran.
        lines: one for each model or perception.
        over: along the horizontal axis: steps, or iterations of what was trained in a test.
    """

    name: str
    title: str
    metric: str
    device_class: str
    lines: tuple[Line, ...]
    over: str = "steps"


def drawings(plan: Plan, runs: Sequence[StoredRun]) -> tuple[Drawing, ...]:
    """Return the figures that the evaluations' curves make, in the order of the plan.

    Raises:
        RecordError: a run's curves are damaged.
    """
    evaluations = pictured.evaluations(plan)
    chosen = choose(evaluations, runs)
    found: dict[tuple[str, ...], dict[str, list[CurveRead]]] = {}
    for entry in evaluations:
        run = chosen.run(entry.role, entry.id)
        if run is None or run.outcome != "ok" or run.unfinished:
            continue
        curves = artifacts.curves(run)
        for point in _points(entry.labels):
            for name, curve in curves.items():
                key = (*(str(point.get(axis, "")) for axis in _AXES), name)
                lines = found.setdefault(key, {})
                lines.setdefault(_label(plan.suite, point), []).append(curve)
    return tuple(
        _drawing(plan.suite, key, lines=lines, device_class=chosen.device_class)
        for key, lines in found.items()
    )


def _points(labels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the grid points of one entry, rng_seeds aside, each once."""
    plain = [tuple((k, v) for k, v in one.items() if k != "rng_seed") for one in labels]
    return [dict(point) for point in dict.fromkeys(plain)]


def _drawing(
    suite: Suite,
    key: tuple[str, ...],
    *,
    lines: Mapping[str, Sequence[CurveRead]],
    device_class: str,
) -> Drawing:
    *place, name = key
    known = name in suite.components["metric"]
    return Drawing(
        name="-".join(part for part in key if part),
        title=" · ".join(part for part in (*place, *heads.in_place(suite)) if part),
        metric=heads.metric_of(suite, name) if known else name,
        device_class=device_class,
        lines=tuple(_line(label, curves) for label, curves in lines.items()),
        over=next(curve.over for curves in lines.values() for curve in curves),
    )


def _line(label: str, curves: Sequence[CurveRead]) -> Line:
    first = curves[0]
    alike = [curve for curve in curves if curve.steps == first.steps]
    if len(alike) == 1:
        return Line(
            label=label, steps=first.steps, means=first.values, spreads=first.spreads, seeds=1
        )
    columns = list(zip(*(curve.values for curve in alike), strict=True))
    return Line(
        label=label,
        steps=first.steps,
        means=tuple(statistics.fmean(column) for column in columns),
        spreads=tuple(statistics.stdev(column) for column in columns),
        seeds=len(alike),
    )


def _label(suite: Suite, point: Mapping[str, Any]) -> str:
    for table in suite.tables:
        for row in table.rows:
            if row.where and matches(point, row.where):
                return row.label
    names = (point.get("model"), point.get("perception"), point.get("recipe"))
    return " ".join(str(name) for name in names if name)
