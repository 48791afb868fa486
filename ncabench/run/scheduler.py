"""Runs jobs in processes of their own, each on a slot of a device; imports no torch.

Every job ends in a record, or is left unfinished and goes on when it is run again. A killed
worker costs its own entry only. Jobs that need a training wait for it; jobs that measure
time have the whole machine to themselves: what plain PyTorch launches one by one takes longer
while other GPUs of the same host are kept busy.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from ncabench.errors import MachineError, RecordError
from ncabench.run import folder, outcome
from ncabench.run.entrance import enter
from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.progress import Ended, Instead, Moved, Progress

GRACE_S = 60.0  # what an interrupted worker has to save a checkpoint
POLL_S = 0.5
Said = str | Moved | Ended | Instead  # a text is why the machine failed
_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Watcher:
    """What is told of events; the command line shows them. Does nothing by itself."""

    def planned(self, jobs: Sequence[Job]) -> None:
        """These are to be run; what is done already is not among them."""

    def started(self, job: Job) -> None:
        """A worker began."""

    def moved(self, job: Job, progress: Progress) -> None:
        """A worker came further."""

    def ended(self, job: Job, record: Record) -> None:
        """A worker left a record."""


@dataclass(kw_only=True)
class _Running:
    """A worker process.

    Attributes:
        jobs: what it was started with.
        open: those that have left no record yet, by id.
    """

    jobs: list[Job]
    open: dict[str, Job]
    process: ForkServerProcess
    pipe: Connection
    slot: str
    started: float = field(default_factory=time.monotonic)
    timed_out: bool = False


class Scheduler:
    """Runs a list of jobs to their ends.

    Args:
        jobs: what to run, trainings before what needs them.
        slots: names of devices, one for each worker that may run at a time; a device that
            stands twice serves two at once.
        watcher: what is told of events.
        together: trainings at most that differ in rng_seed alone and share a slot.

    Raises:
        MachineError: (from `run`) the disk, the rights or the memory of the machine failed.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        slots: Sequence[str],
        watcher: Watcher,
        together: int = 1,
    ) -> None:
        self.waiting = list(jobs)
        self.together = together
        self.kinds: dict[Path, str] = {}
        self.elsewhere: dict[Path, Path] = {}
        self.free = list(slots)
        self.watcher = watcher
        self.running: list[_Running] = []
        self.records: dict[str, Record] = {}
        self.context = _context()

    def run(self) -> dict[str, Record]:
        """Run every job, and return the records by id.

        An interrupt (Ctrl-C) lets the workers save what they have, and is raised again.
        """
        self.watcher.planned(self.waiting)
        try:
            while self.waiting or self.running:
                self._start_ready()
                self._wait()
        except BaseException:
            self._stop_all()
            raise
        return self.records

    def _start_ready(self) -> None:
        for job in list(self.waiting):
            if not self.free or any(one.jobs[0].role == "profile" for one in self.running):
                return
            if job.role == "profile" and self.running:
                continue
            if any(job is one for one in self.waiting) and self._ready(job):
                self._start(self._company(job))

    def _ready(self, job: Job) -> bool:
        """Whether a job may start; one whose training or donor failed is ended here."""
        if not job.behind:
            return True
        unfinished = {one.folder for one in self.waiting if one.role == "training"}
        for running in self.running:
            unfinished |= {one.folder for one in running.jobs if one.id in running.open}
        if unfinished.intersection(job.behind.values()):
            return False
        for name, place in job.behind.items():
            ended = _as_its_training(job, self._where(place), name=name)
            if ended is not None:
                self._take(job)
                self._finish(job, ended)
                return False
        return True

    def _where(self, training: Path) -> Path:
        """The folder of a training, which another engine may have finished."""
        return self.elsewhere.get(training, training)

    def _company(self, job: Job) -> list[Job]:
        """A job, and the waiting ones that are trained in its process."""
        if job.role != "training" or self.together == 1:
            return [job]
        kind = self._kind(job)
        alike = (
            one for one in self.waiting if one.role == "training" and self._kind(one) == kind
        )
        return list(islice(alike, self.together))

    def _kind(self, job: Job) -> str:
        if job.folder not in self.kinds:
            self.kinds[job.folder] = _but_for_rng_seed(job)
        return self.kinds[job.folder]

    def _take(self, job: Job) -> None:
        self.waiting = [one for one in self.waiting if one is not job]

    def _start(self, jobs: list[Job]) -> None:
        slot = self.free.pop(0)
        for job in jobs:
            self._take(job)
        ours, theirs = self.context.Pipe(duplex=False)
        bound = [self._bound(job, slot=slot) for job in jobs]
        process = self.context.Process(target=enter, args=(bound, theirs), name=bound[0].name)
        process.start()
        theirs.close()
        by_id = {job.id: job for job in bound}
        self.running.append(
            _Running(jobs=bound, open=by_id, process=process, pipe=ours, slot=slot)
        )
        for job in bound:
            self.watcher.started(job)

    def _bound(self, job: Job, *, slot: str) -> Job:
        behind: dict[str, Any] = {
            name: self._where(place) for name, place in job.behind.items()
        }
        return replace(job, device=slot, **behind)

    def _wait(self) -> None:
        sources: list[Connection | int] = [one.pipe for one in self.running]
        sources += [one.process.sentinel for one in self.running]
        ready = connection.wait(sources, timeout=POLL_S)
        for one in list(self.running):
            if one.pipe in ready:
                self._hear(one)
            if one.process.sentinel in ready:
                self._reap(one)
            elif _too_long(one):
                one.timed_out = True
                one.process.kill()

    def _hear(self, one: _Running) -> None:
        while (said := _said(one.pipe)) is not None:
            self._take_note(one, said)

    def _take_note(self, one: _Running, said: Said) -> None:
        if isinstance(said, str):
            raise MachineError(said)
        if isinstance(said, Moved):
            self.watcher.moved(one.open[said.id], said.progress)
        elif isinstance(said, Instead):
            self.elsewhere[one.open[said.job.id].folder] = said.job.folder
            one.open[said.job.id] = said.job
        else:
            job = one.open.pop(said.id)
            self._finish(job, outcome.read(job.folder), written=True)

    def _reap(self, one: _Running) -> None:
        self._hear(one)
        one.process.join()
        self.running.remove(one)
        self.free.append(one.slot)
        for job in one.open.values():
            self._finish(job, _without_record(one, job))

    def _finish(self, job: Job, record: Record, *, written: bool = False) -> None:
        if not written:
            outcome.write(record, folder=folder.make(job.folder))
        self.records[job.id] = record
        self.watcher.ended(job, record)

    def _stop_all(self) -> None:
        """Ask every worker to save and end; kill those that do not."""
        for one in self.running:
            one.process.terminate()
        most = max([1, *(len(one.open) for one in self.running)])
        deadline = time.monotonic() + GRACE_S * most
        for one in self.running:
            one.process.join(max(0.0, deadline - time.monotonic()))
            if one.process.is_alive():
                one.process.kill()
                one.process.join()


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ncabench.run.preload"])
    return context


def _but_for_rng_seed(job: Job) -> str:
    """Return all that trainings in one process share."""
    spec = {name: one for name, one in job.spec.items() if name != "rng_seed"}
    return json.dumps([spec, job.device_class, job.engine], sort_keys=True, default=str)


def _limit_s(one: _Running) -> float | None:
    """Return the seconds that a process may take: those that all its entries may."""
    limits = [job.timeout_s for job in one.jobs if job.timeout_s is not None]
    return sum(limits) if len(limits) == len(one.jobs) else None


def _said(pipe: Connection) -> Said | None:
    """Return the next of a worker's messages, or None where there is none."""
    try:
        said: Said | None = pipe.recv() if pipe.poll() else None
    except (EOFError, OSError):
        return None  # it has ended, or is about to
    return said


def _too_long(one: _Running) -> bool:
    limit = _limit_s(one)
    return limit is not None and not one.timed_out and time.monotonic() - one.started > limit


def _as_its_training(job: Job, place: Path, *, name: str) -> Record | None:
    """Return how an evaluation ends whose training did not succeed; None where it did."""
    try:
        record = outcome.read(place)
    except RecordError:
        reason = f"the record of its {name} is damaged"
        return failed(job, "crashed", reason, unfinished=True)
    if record.outcome == "ok":
        return None
    reason = f"its {name} {record.id}: {record.reason}"
    return failed(job, record.outcome, reason, unfinished=record.unfinished)


def _without_record(one: _Running, job: Job) -> Record:
    code = one.process.exitcode or 0
    if one.timed_out:
        others = len(one.jobs) - 1
        beside = f" beside {others} other{'s'[: others - 1]}" if others else ""
        return failed(job, "timeout", f"took longer than {_limit_s(one):g} s{beside}")
    if code >= 0:
        return failed(job, "crashed", f"the worker ended with code {code}", unfinished=True)
    number = signal.Signals(-code)
    reason = f"the worker was killed by {number.name}"
    return failed(job, "crashed", reason, unfinished=number in _OUTSIDE)


def failed(job: Job, how: outcome.Outcome, reason: str, *, unfinished: bool = False) -> Record:
    """Return the record of a job that ended otherwise than ``ok`` without a worker's word."""
    return Record(
        role=job.role,
        id=job.id,
        device_class=job.device_class,
        engine=job.engine,
        outcome=how,
        reason=reason,
        unfinished=unfinished,
        spec=job.spec,
        labels=job.labels,
        environment={"engine": job.asked},
        sources=job.sources,
        warnings=job.warnings,
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
