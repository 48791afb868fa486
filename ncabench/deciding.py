"""Which rng_seeds to add so that what is undecided may be decided, and what they cost."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ncabench import pipeline
from ncabench.errors import Problem, SuiteError
from ncabench.pipeline import Workspace
from ncabench.plan.entry import Entry, with_behind
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun

Point = frozenset[tuple[str, str | int]]  # of the grid, its rng_seed aside


@dataclass(frozen=True, kw_only=True)
class Added:
    """An entry that is to be run.

    Attributes:
        entry: the entry.
        why: what it may help to decide.
        seconds: as long as others of its kind took, on average; None where none has run.
    """

    entry: Entry
    why: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """What would be run for one suite.

    Attributes:
        path: the suite.
        preset: its budget, or None.
        sets: overlays, the one on rng_seeds included.
        added: trainings, then what tests them.
        hopeless: what stays open all the same, and why.
        device_class: where most of it has run so far; ``""`` if nowhere.
    """

    path: Path
    preset: str | None
    sets: tuple[str, ...]
    added: tuple[Added, ...]
    hopeless: Mapping[str, str]
    device_class: str

    @property
    def seconds(self) -> float | None:
        """What it costs in all, of one device; None where a part is not known."""
        known = [one.seconds for one in self.added if one.seconds is not None]
        return sum(known) if len(known) == len(self.added) else None

    @property
    def command(self) -> str:
        """What runs it, or ``""`` where there is nothing to add."""
        tests = [one.entry.id for one in self.added if one.entry.role != "training"]
        if not tests:
            return ""
        preset = f" --preset {self.preset}" if self.preset else ""
        sets = "".join(f" --set '{one}'" for one in self.sets)
        return f"ncabench run {self.path}{preset}{sets} -k '{' or '.join(tests)}'"

    def document(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return {
            "suite": str(self.path),
            "device_class": self.device_class,
            "seconds": self.seconds,
            "command": self.command,
            "hopeless": dict(self.hopeless),
            "entries": [
                {
                    "id": one.entry.id,
                    "role": one.entry.role,
                    **one.entry.labels[0],
                    "why": list(one.why),
                    "seconds": one.seconds,
                }
                for one in self.added
            ],
        }


def deciding(
    path: Path,
    space: Workspace,
    *,
    most: int,
    preset: str | None = None,
    sets: Sequence[str] = (),
) -> Deciding:
    """Return the entries that would be added to what a suite has run, of whatever rng_seed.

    Args:
        path: the suite.
        space: where results lie.
        most: rng_seeds of a grid point at most; what needs more is hopeless.
        preset: budget; None for the file's default.
        sets: overlays.

    Raises:
        SuiteError: the suite is wrong; ``most`` is below 2.
    """
    from ncabench.report.undecided import undecided  # its statistics take a second to load

    if most < 2:
        problem = Problem(where="--max-seeds", what=f"must be 2 or more, not {most}")
        raise SuiteError("", [problem])
    space.store.ingest()
    runs = space.store.runs()
    further = (*sets, f"grid.rng_seed={list(range(most))}")
    whole = pipeline.plan(path, space, preset=preset, sets=further)
    wanted: dict[Point, dict[str, int]] = {}
    hopeless: dict[str, str] = {}
    for one in undecided(whole, runs):
        if one.rng_seeds is None or one.rng_seeds > most:
            hopeless[one.what] = f"rng_seeds that would decide: {one.note}; {one.reason}"
            continue
        for point in _points(one.entries):
            wanted.setdefault(point, {})[one.what] = one.rng_seeds
    known = _ours(whole, runs)
    return Deciding(
        path=path,
        preset=preset,
        sets=further,
        added=tuple(_added(whole, wanted, known)),
        hopeless=hopeless,
        device_class=_most_used(known),
    )


def _points(entries: Iterable[Entry]) -> set[Point]:
    return {_point(labels) for one in entries for labels in one.labels}


def _point(labels: Mapping[str, str | int]) -> Point:
    return frozenset((axis, name) for axis, name in labels.items() if axis != "rng_seed")


def _ours(plan: Plan, runs: Sequence[StoredRun]) -> list[StoredRun]:
    ids = {one.id for one in plan.entries}
    return [one for one in runs if one.id in ids and not one.unfinished]


def _most_used(runs: Sequence[StoredRun]) -> str:
    classes = [one.device_class for one in runs]
    return max(sorted(set(classes)), key=classes.count, default="")


def _kinds(plan: Plan) -> dict[str, set[tuple[str, Point]]]:
    """For each id, the role and the grid points that it stands for."""
    return {one.id: {(one.role, point) for point in _points([one])} for one in plan.entries}


def _added(
    whole: Plan,
    wanted: Mapping[Point, Mapping[str, int]],
    known: Sequence[StoredRun],
) -> Iterable[Added]:
    device, of = _most_used(known), _kinds(whole)
    done = {one.id for one in known if one.device_class == device}
    tests: dict[str, tuple[str, ...]] = {}
    for one in whole.entries:
        if one.role != "training" and one.id not in done:
            why = _why(one, wanted)
            if why:
                tests[one.id] = why
    needed: dict[str, tuple[str, ...]] = {}
    for one in whole.entries:
        for behind in with_behind([one], whole.entries) if one.id in tests else ():
            if behind not in done and behind != one.id:
                needed[behind] = (*needed.get(behind, ()), *tests[one.id])
    for one in whole.entries:
        because = needed.get(one.id) or tests.get(one.id)
        if because:
            took = [
                run.seconds
                for run in known
                if run.device_class == device and of[run.id] & of[one.id]
            ]
            mean = statistics.fmean(took) if took else None
            yield Added(entry=one, why=tuple(dict.fromkeys(because)), seconds=mean)


def _why(entry: Entry, wanted: Mapping[Point, Mapping[str, int]]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            what
            for labels in entry.labels
            for what, count in wanted.get(_point(labels), {}).items()
            if int(labels["rng_seed"]) < count
        )
    )


def table(found: Deciding) -> tuple[list[str], list[list[str]]]:
    """Return the heads and lines of what would be run."""
    axes = list(dict.fromkeys(axis for one in found.added for axis in one.entry.labels[0]))
    lines = [
        [
            one.entry.id,
            one.entry.role,
            *(str(one.entry.labels[0].get(axis, "")) for axis in axes),
            "" if one.seconds is None else f"{one.seconds:.0f}",
            ", ".join(one.why),
        ]
        for one in found.added
    ]
    return ["id", "role", *axes, "s", "for"], lines


def said(found: Deciding) -> list[str]:
    """Return in words what it costs, what runs it, and what stays open."""
    count = len(found.added)
    head = f"{found.path.stem}: {count} entries to add"
    if found.seconds is None:
        head += "; what they cost is not known, since none of some kind has run"
    elif count:
        head += f", {found.seconds / 60:.1f} minutes one after another on {found.device_class}"
    lines = [head, found.command] if found.command else [head]
    return [*lines, *(f"stays open: {what} ({why})" for what, why in found.hopeless.items())]
