"""Curves to be drawn: which figures there are, their lines, and the band around each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ncabench.plan.entry import Entry, matches
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts, axes, pictured
from ncabench.report.artifacts import CurveRead
from ncabench.report.chosen import choose
from ncabench.suite.suite import Suite

_WINDOWS = ("stage_1", "window")  # parameters of protocols: steps over which they average


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
    def twice(self) -> tuple[int, ...]:
        """Each t that stands twice: where something was done to the state."""
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return tuple(step for step, after in pairs if step == after)


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
        perturbed: it is of a perturbation, done at each t that stands twice.
        window: first and last step of a stage over which a table's value is the mean.
        low: the least value that there can be, or None.
        high: the greatest, or None.
        loss: lower is better, so that the axis is logarithmic where means span much.
    """

    name: str
    title: str
    metric: str
    device_class: str
    lines: tuple[Line, ...]
    over: str = "steps"
    perturbed: bool = False
    window: tuple[int, int] | None = None
    low: float | None = None
    high: float | None = None
    loss: bool = False

    @property
    def caption(self) -> str:
        """What it shows, and where that was measured."""
        return f"{self.metric} over {self.over}: {self.title} ({self.device_class})"

    @property
    def moments(self) -> tuple[int, ...]:
        """The t of each perturbation, rising."""
        every = {step for line in self.lines for step in line.twice}
        return tuple(sorted(every)) if self.perturbed else ()

    @property
    def wide(self) -> bool:
        """Whether the vertical axis is logarithmic."""
        return self.loss and axes.is_wide([mean for line in self.lines for mean in line.means])

    @property
    def empty(self) -> bool:
        """Whether it is of a share that is 0 throughout."""
        return self.high == 1.0 and not any(any(line.means) for line in self.lines)

    def banded(self, line: Line) -> bool:
        """Tell whether a line has a band: not the one of a single seed beside several."""
        return line.seeds > 1 or all(one.seeds == 1 for one in self.lines)


@dataclass(kw_only=True)
class _Found:
    """The curves of one figure, by their labels, and the entry of the first."""

    entry: Entry
    curves: dict[str, list[CurveRead]] = field(default_factory=dict)


def drawings(plan: Plan, runs: Sequence[StoredRun]) -> tuple[Drawing, ...]:
    """Return the figures that the evaluations' curves make, in the order of the plan.

    A share that is 0 in every run at every step has no figure; tables say so.

    Raises:
        RecordError: a run's curves are damaged.
    """
    evaluations = pictured.evaluations(plan)
    chosen = choose(evaluations, runs)
    found: dict[tuple[str, ...], _Found] = {}
    for entry in evaluations:
        run = chosen.run(entry.role, entry.id)
        if run is None or run.outcome != "ok" or run.unfinished:
            continue
        curves = artifacts.curves(run)
        for point in pictured.points(entry):
            for name, curve in curves.items():
                one = found.setdefault((*pictured.of(point), name), _Found(entry=entry))
                one.curves.setdefault(label(plan.suite, point), []).append(curve)
    drawn = (
        _drawing(plan.suite, key, found=one, device_class=chosen.device_class)
        for key, one in found.items()
    )
    return tuple(one for one in drawn if not one.empty)


def _drawing(
    suite: Suite, key: tuple[str, ...], *, found: _Found, device_class: str
) -> Drawing:
    *place, name = key
    scale = axes.scale_of(suite, name)
    over = next(curve.over for curves in found.curves.values() for curve in curves)
    return Drawing(
        name="-".join(part for part in key if part),
        title=pictured.title(suite, place),
        metric=scale.label,
        device_class=device_class,
        lines=tuple(_line(label, curves) for label, curves in found.curves.items()),
        over=over,
        perturbed=pictured.is_perturbed(found.entry),
        window=_window(found.entry) if over == "steps" else None,
        low=scale.low,
        high=scale.high,
        loss=scale.loss,
    )


def _window(entry: Entry) -> tuple[int, int] | None:
    protocol = entry.spec.get("protocol", {})
    ends = next((protocol[name] for name in _WINDOWS if name in protocol), None)
    return (int(ends[0]), int(ends[1])) if ends else None


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


def label(suite: Suite, point: Mapping[str, Any]) -> str:
    """Return how the suite's first table that has a grid point names it."""
    for table in suite.tables:
        for row in table.rows:
            if row.where and matches(point, row.where):
                return row.label
    names = (point.get("model"), point.get("perception"), point.get("recipe"))
    return " ".join(str(name) for name in names if name)
