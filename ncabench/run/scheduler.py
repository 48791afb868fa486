"""Runs jobs in processes of their own, each on a slot of a device; imports no torch.

Every job ends in a record, or is left unfinished and goes on when it is run again. A killed
worker costs its own entry only. Jobs that need a training wait for it; jobs that measure
time run alone.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from ncabench.errors import MachineError, RecordError
from ncabench.run import folder, outcome
from ncabench.run.entrance import enter
from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.progress import Progress

GRACE_S = 60.0  # what an interrupted worker has to save its checkpoint
POLL_S = 0.5
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
    job: Job
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

    Raises:
        MachineError: (from `run`) the disk, the rights or the memory of the machine failed.
    """

    def __init__(self, jobs: Sequence[Job], *, slots: Sequence[str], watcher: Watcher) -> None:
        self.waiting = list(jobs)
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
            if not self.free or any(one.job.role == "profile" for one in self.running):
                return
            if job.role == "profile" and self.running:
                continue
            if self._ready(job):
                self.waiting.remove(job)
                self._start(job)

    def _ready(self, job: Job) -> bool:
        """Whether a job may start; one whose training failed is ended here."""
        unfinished = {one.job.folder for one in self.running if one.job.role == "training"}
        unfinished |= {one.folder for one in self.waiting if one.role == "training"}
        if job.training is None or job.training in unfinished:
            return job.training is None
        ended = _as_its_training(job, job.training)
        if ended is None:
            return True
        self.waiting.remove(job)
        self._finish(job, ended)
        return False

    def _start(self, job: Job) -> None:
        slot = self.free.pop(0)
        ours, theirs = self.context.Pipe(duplex=False)
        bound = replace(job, device=slot)
        process = self.context.Process(target=enter, args=(bound, theirs), name=job.name)
        process.start()
        theirs.close()
        self.running.append(_Running(job=bound, process=process, pipe=ours, slot=slot))
        self.watcher.started(bound)

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
        try:
            while one.pipe.poll():
                said = one.pipe.recv()
                if isinstance(said, str):
                    raise MachineError(said)
                self.watcher.moved(one.job, said)
        except (EOFError, OSError):
            return  # it has ended, or is about to

    def _reap(self, one: _Running) -> None:
        self._hear(one)
        one.process.join()
        self.running.remove(one)
        self.free.append(one.slot)
        code = one.process.exitcode
        if code == 0:
            self._finish(one.job, outcome.read(one.job.folder), written=True)
        else:
            self._finish(one.job, _without_record(one, code or 0))

    def _finish(self, job: Job, record: Record, *, written: bool = False) -> None:
        if not written:
            outcome.write(record, folder=folder.make(job.folder))
        self.records[job.id] = record
        self.watcher.ended(job, record)

    def _stop_all(self) -> None:
        """Ask every worker to save and end; kill those that do not."""
        for one in self.running:
            one.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for one in self.running:
            one.process.join(max(0.0, deadline - time.monotonic()))
            if one.process.is_alive():
                one.process.kill()
                one.process.join()


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ncabench.run.preload"])
    return context


def _too_long(one: _Running) -> bool:
    limit = one.job.timeout_s
    return limit is not None and not one.timed_out and time.monotonic() - one.started > limit


def _as_its_training(job: Job, training: Path) -> Record | None:
    """Return how an evaluation ends whose training did not succeed; None where it did."""
    try:
        record = outcome.read(training)
    except RecordError:
        reason = "the record of its training is damaged"
        return failed(job, "crashed", reason, unfinished=True)
    if record.outcome == "ok":
        return None
    reason = f"its training {record.id}: {record.reason}"
    return failed(job, record.outcome, reason, unfinished=record.unfinished)


def _without_record(one: _Running, code: int) -> Record:
    if one.timed_out:
        reason = f"took longer than {one.job.timeout_s:g} s"
        return failed(one.job, "timeout", reason)
    if code >= 0:
        return failed(one.job, "crashed", f"the worker ended with code {code}", unfinished=True)
    number = signal.Signals(-code)
    reason = f"the worker was killed by {number.name}"
    return failed(one.job, "crashed", reason, unfinished=number in _OUTSIDE)


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
        sources=job.sources,
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
