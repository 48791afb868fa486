"""The whole flow on one screen: suite, plan, run, record, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ncabench import remembered
from ncabench.errors import NothingMeasured, RecordError
from ncabench.plan import counts, planner, sources
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.plan.selection import select
from ncabench.record.store import Store
from ncabench.run import folder, outcome
from ncabench.run.device import Device, available
from ncabench.run.execution import carry_out, slots
from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.resolution import AUTO, ENGINES, resolve
from ncabench.run.scheduler import Watcher
from ncabench.suite import document
from ncabench.suite.suite import Suite

if TYPE_CHECKING:
    from ncabench.report.writer import Written

T = TypeVar("T")
PENDING, UNFINISHED, DAMAGED = "pending", "unfinished", "damaged"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where results lie, and where data and the tracking server are.

    Attributes:
        results: folder of runs, the MLflow store and its cache.
        tracking_uri: an MLflow server or store to use instead of ``results/mlflow.db``.
        data_root: where data sets are looked for first.
    """

    results: Path
    tracking_uri: str | None = None
    data_root: Path | None = None

    @property
    def store(self) -> Store:
        """The MLflow store."""
        return Store(self.results, self.tracking_uri)

    def lock(self) -> Any:
        """Hold the results folder for one process."""
        return folder.locked(self.results / ".lock", who=f"the results folder {self.results}")


@dataclass(frozen=True, kw_only=True)
class Status:
    """What is known of an entry on one class of device.

    Attributes:
        word: an outcome, ``"pending"``, ``"unfinished"`` or ``"damaged"``.
        reason: why, where there is something to say.
        stale: source files that have changed since the record was made.
    """

    word: str
    reason: str = ""
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a run did.

    Attributes:
        plan: what the suite asks for.
        executed: records that this run made, by id.
        statuses: every selected entry's status afterwards, by id.
        problems: records that could not be read.
    """

    plan: Plan
    executed: Mapping[str, Record]
    statuses: Mapping[str, Status]
    problems: Sequence[str]

    @property
    def unexpected(self) -> list[Entry]:
        """Entries that neither succeeded nor failed as the suite expects."""
        return [
            one
            for one in self.plan.entries
            if one.id in self.statuses and self.statuses[one.id].word not in ("ok", *one.expect)
        ]


def plan(path: Path, space: Workspace, *, preset: str | None, sets: Sequence[str]) -> Plan:
    """Return what a suite asks for; nothing is run."""
    return planner.make(document.load(path, preset=preset, sets=sets), root=space.data_root)


def checked(planned: Plan, space: Workspace) -> Mapping[str, int | None]:
    """Build every model once, without memory, and return its weights by entry.

    Raises:
        SuiteError: a constructor refuses what the suite sets.
    """
    cache = space.results / "cache" / "counts.json"
    return counts.count(planned, root=space.data_root, cache=cache)


def run(path: Path, space: Workspace, **chosen: Any) -> Done:
    """Run what one suite asks for; the arguments are those of `run_suites`."""
    return run_suites([path], space, **chosen)[0]


def run_suites(
    paths: Sequence[Path],
    space: Workspace,
    *,
    preset: str | None = None,
    sets: Sequence[str] = (),
    expression: str = "",
    device: str = "auto",
    workers: int | None = None,
    retry: Sequence[str] = (),
    again_if_stale: bool = False,
    keep: Callable[[Entry], bool] | None = None,
    watcher: Watcher | None = None,
) -> list[Done]:
    """Run what suites ask for and is not done yet, side by side, and index it in MLflow.

    What several of them ask for is run once.

    Args:
        paths: the suites.
        space: where results lie.
        preset: budget; None for the file's default.
        sets: overlays.
        expression: selects entries, as `plan.selection` reads it.
        device: as `run.device.among` reads it.
        workers: entries at a time; None for what the machine carries.
        retry: outcomes that are run again.
        again_if_stale: also run what other source code measured.
        keep: selects entries further.
        watcher: what is told of progress.

    Raises:
        SuiteError: a suite is wrong; nothing has run.
        MachineError: the machine failed; what was finished is kept.
    """
    plans = [plan(path, space, preset=preset, sets=sets) for path in paths]
    chosen = [
        one
        for planned in plans
        for one in (select(planned.entries, expression) if expression else planned.entries)
    ]
    wanted = {one.id for one in chosen if keep is None or keep(one)}
    return run_together(
        plans,
        space,
        device=device,
        workers=workers,
        retry=retry,
        again_if_stale=again_if_stale,
        keep=lambda one: one.id in wanted,
        watcher=watcher,
        remember=True,
    )


def run_together(
    plans: Sequence[Plan],
    space: Workspace,
    *,
    device: str = "auto",
    workers: int | None = None,
    retry: Sequence[str] = (),
    again_if_stale: bool = False,
    keep: Callable[[Entry], bool] = lambda _: True,
    watcher: Watcher | None = None,
    remember: bool = False,
) -> list[Done]:
    """Run what several plans ask for, side by side; arguments are those of `run_suites`.

    With ``remember``, reports of their suites show these plans from now on.
    """
    for planned in plans:
        checked(planned, space)
    devices = available(device)
    suites = {one.id: planned.suite for planned in reversed(plans) for one in planned.entries}
    wanted = {one.id: one for each in plans for one in each.entries if keep(one)}
    entries = list(wanted.values())
    folder.make(space.results)
    with space.lock():
        known = {one.id: status(one, space, device=devices[0]) for one in entries}
        todo = [
            one
            for one in entries
            if _is_open(known[one.id], retry) or (again_if_stale and known[one.id].stale)
        ]
        for planned in plans if remember else ():
            remembered.remember(planned, results=space.results)
        jobs = _jobs(todo, suites, space, device=devices[0])
        execution = [planned.suite.execution for planned in plans]
        executed = carry_out(
            todo,
            jobs,
            device=devices[0],
            slots=slots(
                devices, workers=workers, threads=max(one.threads for one in execution)
            ),
            watcher=watcher or Watcher(),
            together=min(one.together for one in execution),
        )
        problems = space.store.ingest().problems
    after = {one.id: status(one, space, device=devices[0]) for one in entries}
    return [
        Done(
            plan=planned,
            executed=_of(planned, executed),
            statuses=_of(planned, after),
            problems=problems,
        )
        for planned in plans
    ]


def _of(planned: Plan, found: Mapping[str, T]) -> dict[str, T]:
    return {one.id: found[one.id] for one in planned.entries if one.id in found}


def report(
    path: Path | None,
    space: Workspace,
    *,
    format: str,
    out: Path,
    preset: str | None = None,
    sets: Sequence[str] = (),
    tell: Callable[[str], object],
) -> list[Written]:
    """Write the reports of one suite, or of every suite that was run here.

    Of every suite and as HTML, also one page of them all.

    Args:
        path: the suite; None for all.
        space: where results lie.
        format: of the tables.
        out: folder of the reports.
        preset: of the suite.
        sets: overlays on the suite.
        tell: what is told of each record that cannot be read, and so is in no report.

    Raises:
        NothingMeasured: no run is recorded.
    """
    from ncabench.report import writer  # its statistics take a second to load
    from ncabench.report.page import writing

    folder.make(space.results)
    taken = space.store.ingest()  # in its own turn, so that a run can be under way meanwhile
    for problem in taken.problems:
        tell(problem)
    runs = space.store.runs()
    wanted = _asked(path, space, preset=preset, sets=sets)
    if not wanted:
        raise NothingMeasured(f"{space.results}: no suite has been run here; run one first")
    written = [
        writer.write(one, runs, format=format, out=out / _report_name(one.suite))
        for one in wanted
    ]
    if path is None and format == "html":
        written.append(writing.write(wanted, runs, out=out))
    return written


def status(entry: Entry, space: Workspace, *, device: Device) -> Status:
    """Return what the results folder knows of an entry."""
    place = home(entry, space, device=device)
    if not (place / outcome.RECORD).exists():
        return Status(word=UNFINISHED if place.exists() else PENDING)
    try:
        record = outcome.read(place)
    except RecordError as error:
        return Status(word=DAMAGED, reason=str(error))
    stale = tuple(sources.stale(entry, record.sources, engine=record.engine))
    word = UNFINISHED if record.unfinished else record.outcome
    return Status(word=word, reason=record.reason, stale=stale)


def _is_open(known: Status, retry: Sequence[str]) -> bool:
    """Whether an entry is still to be run; missing data may have come by now."""
    return known.word in (PENDING, UNFINISHED, "no_data") or known.word in retry


def _jobs(
    entries: Sequence[Entry], suites: Mapping[str, Suite], space: Workspace, *, device: Device
) -> list[Job]:
    """Return the entries bound to a device; an evaluation tests what is trained now."""
    jobs = {one.id: job(one, suites[one.id], space, device=device) for one in entries}
    for one in entries:
        if one.needs in jobs:
            jobs[one.id] = replace(jobs[one.id], training=jobs[one.needs].folder)
        if one.donor in jobs:
            jobs[one.id] = replace(jobs[one.id], donor=jobs[one.donor].folder)
    return list(jobs.values())


def job(
    entry: Entry, suite: Suite, space: Workspace, *, device: Device, into: Path | None = None
) -> Job:
    """Return an entry bound to a device and to its folder, or to another."""
    found = resolve(entry.spec, device=device.name)
    return Job(
        role=entry.role,
        id=entry.id,
        spec=entry.spec,
        labels=entry.labels,
        folder=into or entry_folder(entry.id, space, device=device, engine=found.engine),
        training=_home(entry.needs, entry.spec["training"], space, device=device)
        if entry.needs
        else None,
        donor=_home(entry.donor, entry.spec["donor"], space, device=device)
        if entry.donor
        else None,
        device=device.name,
        device_class=device.device_class,
        engine=found.engine,
        requested=found.requested,
        why=found.why,
        warnings=found.warnings,
        data_root=space.data_root,
        sources=sources.digests(entry.spec, engine=found.engine),
        timeout_s=suite.execution.timeout_s,
        checkpoint_s=suite.execution.checkpoint_s,
        log_every=suite.execution.log_every,
    )


def entry_folder(
    id: str, space: Workspace, *, device: Device, engine: str = sources.PLAIN
) -> Path:
    """Return where an engine's record of an entry lies."""
    return folder.run_folder(
        space.results, id=id, device_class=device.device_class, engine=engine
    )


def home(entry: Entry, space: Workspace, *, device: Device) -> Path:
    """Return where an entry's record lies, or will lie, whichever engine ran it."""
    return _home(entry.id, entry.spec, space, device=device)


def _home(id: str, spec: Mapping[str, Any], space: Workspace, *, device: Device) -> Path:
    found = resolve(spec, device=device.name)
    others = ENGINES if found.requested == AUTO else ()
    return folder.home(
        space.results,
        id=id,
        device_class=device.device_class,
        engines=list(dict.fromkeys((found.engine, *others))),
    )


def _asked(
    path: Path | None, space: Workspace, *, preset: str | None, sets: Sequence[str]
) -> list[Plan]:
    """Plans to report on: the suite named, or the latest run of each suite run here."""
    known = [stored.spec for stored in space.store.suites()]
    if path is not None and preset is None and not sets:
        same = [one for one in known if Path(one["path"]).resolve() == path.resolve()]
        known = same[:1] or [{"path": str(path), "preset": None, "sets": []}]
    elif path is not None:
        known = [{"path": str(path), "preset": preset, "sets": list(sets)}]
    latest = {one["path"]: one for one in reversed(known)}
    return [
        plan(Path(one["path"]), space, preset=one["preset"], sets=one["sets"])
        for one in latest.values()
    ]


def _report_name(suite: Suite) -> str:
    return (
        suite.name if suite.preset in ("paper", suite.name) else f"{suite.name}-{suite.preset}"
    )
