"""The regression check, end to end: run what is open, time it, compare with the baseline."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ncabench import pipeline
from ncabench.errors import NothingMeasured
from ncabench.gate import baseline as book
from ncabench.gate import observed, pace, quality
from ncabench.gate.baseline import Baseline, Machine, Quality, Timing
from ncabench.gate.verdict import Checked
from ncabench.pipeline import Done, Workspace
from ncabench.plan.planner import Plan
from ncabench.run import outcome
from ncabench.run.device import Device, available
from ncabench.run.outcome import Record
from ncabench.run.scheduler import Scheduler, Watcher

CHECKS = "checks"  # folder in the results folder: second captures and timing processes
TIMING_TRIES = 3  # pairs of timings, until two agree


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be checked, and how.

    Attributes:
        path: the suite.
        space: where results lie.
        preset: budget; None for the file's default.
        sets: overlays.
        device: as `run.device.among` reads it.
        workers: entries at a time.
        processes: that time each profile; 0 times nothing.
        watcher: what is told of progress.
    """

    path: Path
    space: Workspace
    preset: str | None = None
    sets: tuple[str, ...] = ()
    device: str = "auto"
    workers: int | None = None
    processes: int = pace.PROCESSES
    watcher: Watcher | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a check found.

    Attributes:
        suite: its name.
        checked: every cell.
        notes: what a reader should know.
    """

    suite: str
    checked: list[Checked]
    notes: tuple[str, ...] = ()


def default_baseline(suite: Path) -> Path:
    """Return where a suite's baseline lies unless told otherwise."""
    return Path("results") / "baselines" / f"{suite.stem}.json"


def check(asked: Asked, *, baseline: Path, latest: bool = False) -> Check:
    """Compare a suite with its baseline.

    Args:
        asked: the suite.
        baseline: the file.
        latest: take what is recorded, and run and time nothing.

    Raises:
        NothingMeasured: there is no baseline, or it is of another preset.
        RecordError: the baseline is damaged.
    """
    base = book.read(baseline)
    device = available(asked.device)[0]
    planned = pipeline.plan(asked.path, asked.space, preset=asked.preset, sets=asked.sets)
    if base.preset != planned.suite.preset:
        raise NothingMeasured(
            f"{baseline}: holds the preset {base.preset!r}, not {planned.suite.preset!r}"
        )
    failed: list[Checked] = []
    if not latest:
        failed = _failed(_run(asked))
    now = _seen(planned, asked.space, device=device)
    checked, notes = _quality(base, now, device_class=device.device_class)
    timed = _untimed(base, "no time was taken")
    told: tuple[str, ...] = ()
    if asked.processes and not latest:
        timing = _timing(asked, planned, device=device)
        timed, told = _time(base, timing) if timing else ([], ())
    return Check(
        suite=planned.suite.name,
        checked=[*failed, *checked, *timed],
        notes=(*notes, *told),
    )


def update(asked: Asked, *, baseline: Path) -> Baseline:
    """Capture a suite twice, and write its baseline if the two captures agree.

    Time is taken twice; if the two disagree, both are taken again, three times in all. The
    second capture of quality computes the entries that have several rng_seeds with
    other rounding: on a CPU with one thread more, on a GPU once again.

    Raises:
        NothingMeasured: an entry failed, nothing can be compared, or the captures disagree;
            the message says which cells, and the file stays as it was.
    """
    device = available(asked.device)[0]
    done = _run(asked)
    if done.unexpected:
        raise NothingMeasured("; ".join(one.reason or one.cell for one in _failed(done)))
    first = _seen(done.plan, asked.space, device=device)
    second, machines = _second(asked, done.plan, device=device)
    cells = {
        name: cell.with_second(second[name].values)
        for name, cell in first.items()
        if name in second
    }
    merged = _two_timings(asked, done.plan, device=device)
    insist_on_agreement(cells, merged)
    if not cells and not merged:
        raise NothingMeasured(f"{asked.path}: has neither several rng_seeds nor a [profile]")
    captured = Baseline(
        suite=done.plan.suite.name,
        preset=done.plan.suite.preset,
        sets=asked.sets,
        captures=machines,
        quality=cells,
        timings=(*merged, *_others(baseline, merged)),
    )
    baseline.parent.mkdir(parents=True, exist_ok=True)
    outcome.write_whole(baseline, book.dump(captured).encode())
    return captured


def _two_timings(asked: Asked, planned: Plan, *, device: Device) -> Sequence[Timing]:
    """Time twice; both again, a few times, where something disturbed one of them."""
    for _ in range(TIMING_TRIES):
        taken = [_timing(asked, planned, device=device) for _ in range(2)]
        merged = pace.joined([one for one in taken if one is not None])
        if not any(pace.disagreement(name, cell) for name, cell in _timed(merged)):
            break
    return merged


def _timed(timings: Sequence[Timing]) -> list[tuple[str, Any]]:
    return [pair for one in timings for pair in one.cells.items()]


def insist_on_agreement(cells: Mapping[str, Quality], timings: Sequence[Timing]) -> None:
    """Return only if two captures say the same.

    Raises:
        NothingMeasured: they do not; the message says which cells, and by how much.
    """
    wrong = [quality.disagreement(name, one, cells=len(cells)) for name, one in cells.items()]
    wrong += [pace.disagreement(name, cell) for name, cell in _timed(timings)]
    if any(wrong):
        raise NothingMeasured(
            "the two captures disagree, so no baseline was written:\n"
            + "\n".join(text for text in wrong if text)
        )


def _run(asked: Asked, **changed: Any) -> Done:
    options = {
        "preset": asked.preset,
        "sets": asked.sets,
        "device": asked.device,
        "workers": asked.workers,
        "again_if_stale": True,
        "watcher": asked.watcher,
        **changed,
    }
    return pipeline.run(asked.path, options.pop("space", asked.space), **options)


def _failed(done: Done) -> list[Checked]:
    return [
        Checked(
            cell=f"{observed.name(one)} [{one.id}]",
            part="quality",
            word="failed",
            reason=f"{done.statuses[one.id].word}: {done.statuses[one.id].reason}",
        )
        for one in done.unexpected
    ]


def _seen(
    planned: Plan, space: Workspace, *, device: Device
) -> Mapping[str, observed.Observed]:
    return observed.quality(
        planned.suite,
        planned.entries,
        space.store.runs(),
        device_class=device.device_class,
    )


def _quality(
    base: Baseline, now: Mapping[str, observed.Observed], *, device_class: str
) -> tuple[list[Checked], tuple[str, ...]]:
    count = sum(len(one.first) >= quality.LEAST_SEEDS for one in base.quality.values())
    classes = sorted({one.device_class for one in base.captures})
    same = device_class in classes
    found = [
        quality.compare(
            name, one, now[name].values, ids=now[name].ids, cells=count, same_device=same
        )
        for name, one in base.quality.items()
        if name in now
    ]
    gone = [
        Checked(cell=name, part="quality", word="outdated", reason="is not measured any more")
        for name in base.quality
        if name not in now
    ]
    new = [
        Checked(
            cell=name,
            part="quality",
            word="not compared",
            reason=f"not in the baseline, with rng_seeds {', '.join(map(str, one.values))}"
            f" ({quality.LEAST_SEEDS} teach a tolerance)",
        )
        for name, one in now.items()
        if name not in base.quality
    ]
    note = (
        f"Quality was measured on {device_class}, the baseline on {' and '.join(classes)}: "
        "kernels and operand precision differ, and tolerances are the spread of rng_seeds."
    )
    return [*found, *gone, *new], () if same or not base.quality else (note,)


def _untimed(base: Baseline, reason: str) -> list[Checked]:
    names = dict.fromkeys(name for timing in base.timings for name in timing.cells)
    return [
        Checked(cell=name, part="time", word="not compared", reason=reason) for name in names
    ]


def _time(base: Baseline, now: Timing) -> tuple[list[Checked], tuple[str, ...]]:
    timing, like = pace.base_for(now.machine, base.timings)
    if timing is None:
        reason = f"no time of a {now.machine.device_class} in the baseline"
        return _untimed(base, reason), ()
    checked = [
        pace.compare(name, timing.cells[name], one, like=like)
        for name, one in now.cells.items()
        if name in timing.cells
    ]
    checked += [
        Checked(cell=name, part="time", word="outdated", reason="is not timed any more")
        for name in timing.cells
        if name not in now.cells
    ]
    if like:
        return checked, ()
    note = f"Timed on {now.machine.device}; the baseline on {timing.machine.device}."
    return checked, (note,)


def _second(
    asked: Asked, planned: Plan, *, device: Device
) -> tuple[Mapping[str, observed.Observed], tuple[Machine, ...]]:
    """Return the second capture of quality, and the machines of both."""
    place = asked.space.results / CHECKS / "second"
    shutil.rmtree(place, ignore_errors=True)
    space = replace(asked.space, results=place, tracking_uri=None)
    seeds = Counter(observed.name(one) for one in planned.of("evaluation"))
    many = [
        label
        for one in planned.of("evaluation")
        if seeds[observed.name(one)] >= quality.LEAST_SEEDS
        for label in one.labels
    ]
    more = [f"execution.threads={planned.suite.execution.threads + 1}"]
    again = _run(
        asked,
        space=space,
        sets=[*asked.sets, *(more if device.name == "cpu" else [])],
        keep=lambda entry: entry.role != "profile" and any(one in many for one in entry.labels),
    )
    if again.unexpected:
        raise NothingMeasured("; ".join(one.reason or one.cell for one in _failed(again)))
    machines = (
        _machine(_record(planned, asked.space, device=device, many=many)),
        _machine(_record(again.plan, space, device=device, many=many)),
    )
    return _seen(again.plan, space, device=device), machines


def _record(
    planned: Plan, space: Workspace, *, device: Device, many: Sequence[Mapping[str, Any]]
) -> Record:
    entry = next(one for one in planned.of("evaluation") if one.labels[0] in many)
    return outcome.read(pipeline.home(entry, space, device=device))


def _machine(record: Record) -> Machine:
    env = record.environment
    return Machine(
        device_class=record.device_class,
        device=str(env["device"]),
        cores=int(env["cores"]),
        threads=int(env["threads"]),
        torch=str(env["packages"]["torch"]),
    )


def _timing(asked: Asked, planned: Plan, *, device: Device) -> Timing | None:
    """Time every profile in processes of their own, in turns; None where there is none."""
    every = [one for one in planned.of("profile") if not one.missing]
    profiles = [one for one in every if "repeat" not in one.spec]
    home = asked.space.results / CHECKS / "pace"
    shutil.rmtree(home, ignore_errors=True)
    jobs = [
        pipeline.job(
            one, planned.suite, asked.space, device=device, into=home / f"{one.id}-{turn}"
        )
        for turn in range(asked.processes)
        for one in profiles
    ]
    if not jobs:
        return None
    with asked.space.lock():
        Scheduler(jobs, slots=[device.name], watcher=asked.watcher or Watcher()).run()
    records = {
        one.id: [outcome.read(job.folder) for job in jobs if job.id == one.id]
        for one in profiles
    }
    threads = planned.suite.execution.threads
    cells = observed.paces(profiles, records, threads=threads)
    return Timing(machine=_machine(next(iter(records.values()))[0]), cells=cells)


def _others(path: Path, merged: Sequence[Timing]) -> Sequence[Timing]:
    """Return the times of other machines in the file, as far as they still hold."""
    ids = {cell.id for one in merged for cell in one.cells.values()}
    old = book.read(path).timings if path.exists() else ()
    return [
        one
        for one in old
        if not any(one.machine.like(new.machine) for new in merged)
        and {cell.id for cell in one.cells.values()} <= ids
    ]
