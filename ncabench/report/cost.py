"""What the suite cost: time, memory and energy, in a table of its own."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ncabench.plan.entry import Entry, matches
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import captions
from ncabench.report.cells import WORDS, first_line, past
from ncabench.report.chosen import Chosen, choose
from ncabench.report.rendered import number
from ncabench.report.view import CellView, Head, Notes, RowView, TableView
from ncabench.suite.suite import Profile, Suite

NOT_MEASURED = "n/a"
_AXES = ("model", "perception", "update", "task", "recipe")
_KINDS = {  # what a peak is a peak of: its head
    "peak_allocated_mib": "allocated",
    "peak_reserved_mib": "reserved",
    "device_used_mib": "device used",
    "peak_rss_mib": "RSS of the process",
}


@dataclass(frozen=True, kw_only=True)
class _Row:
    point: Mapping[str, Any]
    profiles: tuple[StoredRun, ...]
    trainings: tuple[StoredRun, ...]
    planned: int


@dataclass(frozen=True, kw_only=True)
class _Column:
    label: str
    cell: Callable[[_Row], CellView]


def view(plan: Plan, runs: Sequence[StoredRun]) -> TableView:
    """Return the cost table: one row for each model, task and recipe; never 0 for unknown."""
    timed = [entry for entry in plan.entries if entry.role in ("training", "profile")]
    chosen = choose(timed, runs)
    rows = [_row(timed, chosen, point=point) for point in _points(timed)]
    columns = _columns(rows)
    notes = Notes()
    views = tuple(
        RowView(
            label=label,
            cells=tuple(_loud(column.cell(row), plan.suite) for column in columns),
            marks=notes.marks(_remarks(row)),
        )
        for row, label in zip(rows, _labels(rows), strict=True)
    )
    return TableView(
        id="cost",
        title=f"Cost: {plan.suite.title}",
        captions=(*_where(chosen), *_protocol(plan), *captions.conditions(plan.suite)),
        row_head="Entry",
        heads=tuple(Head(label=column.label) for column in columns),
        rows=views,
        notes=notes.texts,
    )


def traced(plan: Plan, runs: Sequence[StoredRun]) -> list[tuple[StoredRun, ...]]:
    """Return the runs behind each row of the cost table, in the order of its rows."""
    timed = [entry for entry in plan.entries if entry.role in ("training", "profile")]
    chosen = choose(timed, runs)
    rows = [_row(timed, chosen, point=point) for point in _points(timed)]
    return [tuple({run.run_id: run for run in _behind(row)}.values()) for row in rows]


def _behind(row: _Row) -> tuple[StoredRun, ...]:
    return (*row.profiles, *row.trainings)


def _points(entries: Sequence[Entry]) -> list[Mapping[str, Any]]:
    role = "training" if any(one.role == "training" for one in entries) else "profile"
    keys = [
        tuple((axis, label[axis]) for axis in _AXES if axis in label)
        for entry in entries
        if entry.role == role
        for label in entry.labels
    ]
    return [dict(key) for key in dict.fromkeys(keys)]


def _row(entries: Sequence[Entry], chosen: Chosen, *, point: Mapping[str, Any]) -> _Row:
    mine = [one for one in entries if any(matches(label, point) for label in one.labels)]
    found = [(one.role, chosen.run(one.role, one.id)) for one in mine]
    return _Row(
        point=point,
        profiles=tuple(run for role, run in found if role == "profile" and run is not None),
        trainings=tuple(run for role, run in found if role == "training" and run is not None),
        planned=sum(role == "training" for role, _ in found),
    )


def _labels(rows: Sequence[_Row]) -> list[str]:
    """Name each row by the axes that tell rows apart, the model always."""
    seen = [axis for axis in _AXES if len({str(row.point.get(axis)) for row in rows}) > 1]
    shown = [axis for axis in _AXES if axis in seen or axis == "model"]
    return [
        " / ".join(str(row.point[axis]) for axis in shown if row.point.get(axis))
        for row in rows
    ]


def _columns(rows: Sequence[_Row]) -> list[_Column]:
    return [
        *_times(rows),
        *_peaks(rows, "inference"),
        *_peaks(rows, "training"),
        *_peaks(rows, "trained"),
        _plain("J/step", "inference/energy_j_per_step", decimals=3),
        _Column(label="Whole training, s", cell=_seconds),
    ]


def _times(rows: Sequence[_Row]) -> list[_Column]:
    """One column for each phase; where several engines were measured, for each of them."""
    seen = dict.fromkeys(name for row in rows for run in row.profiles for name in run.values)
    columns = []
    for unit, last in (("step", "ms_per_step"), ("training iteration", "ms_per_iteration")):
        phase = "inference" if last == "ms_per_step" else "training"
        engines = [name for name in seen if name.endswith(f"/{last}") and name.count("/") > 1]
        for name in engines or [f"{phase}/{last}"]:
            rival = name.removeprefix(f"{phase}/").removesuffix(last).rstrip("/")
            of = f", {rival.replace('/', ' ').replace('batch_', 'batch ')}" if rival else ""
            columns.append(_timed(f"ms/{unit}{of}, median (IQR)", name))
    return columns


def _peaks(rows: Sequence[_Row], phase: str) -> list[_Column]:
    seen = {name for row in rows for run in row.profiles for name in run.values}
    mine = sorted(name for name in seen if name.startswith(f"{phase}/"))
    found = [(kind, name) for kind in _KINDS for name in mine if name.endswith(f"/{kind}")]
    if not found and phase in ("inference", "training"):
        return [_plain(f"Peak MiB, {phase}", f"{phase}/peak_mib", decimals=1)]
    return [
        _plain(_peak_label(phase, name.split("/")[1:-1], _KINDS[kind]), name, decimals=1)
        for kind, name in found
    ]


def _peak_label(phase: str, at: Sequence[str], kind: str) -> str:
    """Return the head of a peak.

    >>> _peak_label("trained", ["batch_64"], "allocated")
    "Peak MiB, inference beside a training's state, batch 64, allocated"
    """
    said = "inference beside a training's state" if phase == "trained" else phase
    return ", ".join(["Peak MiB", said, *(one.replace("_", " ") for one in at), kind])


def _timed(label: str, name: str) -> _Column:
    def cell(row: _Row) -> CellView:
        found = _value(row, name)
        if found is None:
            return _nothing(row, name)
        iqr = _value(row, f"{name}_iqr")
        spread = "" if iqr is None else f" ({number(iqr, decimals=3)})"
        text = f"{number(found, decimals=3)}{spread}"
        return CellView(measured=text, exact={"value": name, "median": found, "iqr": iqr})

    return _Column(label=label, cell=cell)


def _plain(label: str, name: str, *, decimals: int) -> _Column:
    def cell(row: _Row) -> CellView:
        found = _value(row, name)
        if found is None:
            return _nothing(row, name)
        text = number(found, decimals=decimals)
        return CellView(measured=text, exact={"value": name, "median": found})

    return _Column(label=label, cell=cell)


def _seconds(row: _Row) -> CellView:
    found = [run.seconds for run in row.trainings if run.outcome == "ok" and run.seconds > 0]
    if not found:
        return CellView(measured=NOT_MEASURED, exact={"value": "seconds", "median": None})
    text = f"{number(statistics.median(found), decimals=1)} (n={len(found)})"
    exact = {"value": "seconds", "median": statistics.median(found), "n": len(found)}
    return CellView(measured=text, exact=exact)


def _value(row: _Row, name: str) -> float | None:
    known = [run.values for run in row.profiles]  # what failed later has what came before
    found = [values[name] for values in known if name in values]
    return statistics.median(found) if found else None


def _nothing(row: _Row, name: str) -> CellView:
    late = [run for run in row.profiles if run.outcome != "ok" and not past(run.values, name)]
    failed = [run.outcome for run in late]
    word = WORDS[failed[0]] if failed else NOT_MEASURED
    return CellView(measured=word, exact={"value": name, "median": None})


def _loud(cell: CellView, suite: Suite) -> CellView:
    text = cell.measured.replace(WORDS["oom"], captions.oom_word(suite))
    return replace(cell, measured=text)


def _remarks(row: _Row) -> list[str]:
    found = _behind(row)
    failed = [
        f"{run.role}, {WORDS[run.outcome]}: {first_line(run.reason)}"
        for run in found
        if run.outcome != "ok"
    ]
    warned = [f"Warning: {first_line(text)}" for run in found for text in run.warnings]
    return [*failed, *warned]


def _where(chosen: Chosen) -> tuple[str, ...]:
    names = sorted({run.device for run in chosen.runs.values()})
    if not names:
        return ("Nothing of this table was run.",)
    engines = " and ".join(chosen.engines)
    devices = ", ".join(names)
    if names != [chosen.device_class]:
        devices = f"{devices} ({chosen.device_class})"
    lines = [f"Measured on: {devices}, engine {engines}."]
    if chosen.others:
        lines.append(f"Also measured, not shown here: {', '.join(chosen.others)}.")
    return tuple(lines)


def _protocol(plan: Plan) -> tuple[str, ...]:
    profile = plan.suite.profile
    if profile is None:
        return ("The suite has no [profile], so steps were not timed.",)
    if profile.engines:
        return (
            "Engines beside one another: "
            f"{profile.blocks} rounds of one block each, in turns, in one process.",
        )
    if profile.answers:
        return _answers_protocol(plan.suite, profile)
    if profile.passes:
        return _passes_protocol(plan.suite, profile)
    if profile.trainings:
        return _trainings_protocol(plan.suite, profile)
    lines = [
        f"ms/step: batch {profile.batch}, {profile.blocks} blocks of "
        f"{profile.steps_per_block} steps after {profile.warm_up} of warm-up."
    ]
    if profile.repeats > 1:
        lines.append(f"Medians of {profile.repeats} processes.")
    if profile.train_batch:
        lines.append(
            f"Training iteration: batch {profile.train_batch}, {profile.train_steps} steps."
        )
    return tuple(lines)


def _passes_protocol(suite: Suite, profile: Profile) -> tuple[str, ...]:
    lines = [
        f"Passes of a training iteration, plain PyTorch: batch {profile.train_batch}, "
        f"{profile.train_steps} steps, {profile.blocks} of them after {profile.warm_up} of "
        "warm-up; a GB has 2**30 bytes."
    ]
    if profile.repeats > 1:
        lines.append(f"Medians of {profile.repeats} processes.")
    if suite.profiles_at:
        lines.append("Rows differ in how they train; the suite's [[profile_at]] tells.")
    return tuple(lines)


def _trainings_protocol(suite: Suite, profile: Profile) -> tuple[str, ...]:
    batches = ", ".join(map(str, profile.trainings))
    pool = f"a pool of {profile.pool:,} states" if profile.pool else "no pool"
    lines = [
        f"Image restoration, plain PyTorch: batch {batches}; rollouts of {profile.train_steps} "
        f"steps in training, {pool}; answers of {2 * profile.train_steps} steps, "
        f"{profile.blocks} of them after {profile.warm_up} of warm-up; a GB has 2**30 bytes."
    ]
    if profile.epochs:
        lines.append(
            f"Epochs of {profile.samples:,} samples, four fifths to train on, rollouts of "
            "all of those steps down to a quarter of them in turn: "
            f"the mean of {profile.epochs} after {profile.warm_up} batches of warm-up."
        )
    if profile.repeats > 1:
        lines.append(f"Medians of {profile.repeats} processes.")
    if suite.profiles_at:
        lines.append("Some rows have other counts; the suite's [[profile_at]] tells.")
    return tuple(lines)


def _answers_protocol(suite: Suite, profile: Profile) -> tuple[str, ...]:
    batches = " and ".join(map(str, profile.answers))
    timed = profile.train_blocks or profile.blocks
    lines = [
        f"Whole answers, plain PyTorch: batch {batches}, {profile.blocks} of them after "
        f"{profile.warm_up} of warm-up."
    ]
    if profile.train_batch:
        lines.append(
            f"Training iteration: batch {profile.train_batch}, {timed} of them, each by itself."
        )
    if profile.repeats > 1:
        lines.append(f"Medians of {profile.repeats} processes.")
    if suite.profiles_at:
        lines.append("Some rows have other counts; the suite's [[profile_at]] tells.")
    return tuple(lines)
