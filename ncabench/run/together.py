"""Trains entries in one process, turn by turn; one alone is a group of one.

On a GPU the turns overlap: an iteration is launched without waiting for it, and each
training has a stream of its own. No training sees anything of the others, so its numbers
are those of a training alone.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from ncabench.errors import EngineFailed
from ncabench.plan import sources
from ncabench.run import outcome, settings
from ncabench.run.attempt import Attempt, explain
from ncabench.run.job import Job
from ncabench.run.progress import Tell
from ncabench.run.resolution import AUTO, EAGER
from ncabench.run.result import Interrupted
from ncabench.run.train import Training


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How a group speaks to the world outside it.

    Attributes:
        teller: returns what is told of an entry's progress.
        ended: is told of each entry that has left a record.
        open: opens the folder of an entry whose engine failed and that has another now.
        stopping: whether to save and end.
    """

    teller: Callable[[Job], Tell]
    ended: Callable[[Job], None]
    open: Callable[[Job], None]
    stopping: Callable[[], bool]


def train(jobs: Sequence[Job], *, amp: torch.dtype | None, voice: Voice) -> None:
    """Train each entry to its end, and leave its record.

    One that has not enough memory beside the others is trained alone after them.

    Raises:
        Interrupted: ``voice`` said so; what is open has written a checkpoint.
        MachineError: the machine failed.
    """
    crowded = _Group(jobs, amp=amp, voice=voice).run()
    for job in crowded:
        _free_memory()
        _Group([job], amp=amp, voice=voice).run()


class _Seat:
    """One entry of a group: set up in its first turn, then an iteration a turn."""

    def __init__(self, job: Job, *, amp: torch.dtype | None, company: Sequence[str]) -> None:
        self.amp, self.company = amp, company
        self.sit(job)

    def sit(self, job: Job) -> None:
        """Begin anew, as ``job``."""
        self.job = job
        self.stream = _own_stream(job) if len(self.company) > 1 else None
        self.training: Training | None = None
        self.attempt = Attempt(job, together=self.company if len(self.company) > 1 else ())

    def turn(self, tell: Tell) -> bool:
        """Do an iteration; returns whether it was the last, and the record is written."""
        with self.streaming():
            if self.training is None:
                self.attempt.look_around()
                job = self.job
                engine = settings.engine(job.engine, device=job.device, amp=self.amp)
                self.training = Training(
                    job, engine=engine, tell=tell, company=len(self.company)
                )
            if not self.training.finished:
                self.training.iterate()
            if self.training.finished:
                self.attempt.succeed(self.training.result())
            return self.training.finished

    def save(self) -> None:
        """Write a checkpoint, if the entry has begun."""
        if self.training is not None:
            with self.streaming():
                self.training.save()

    def streaming(self) -> AbstractContextManager[Any]:
        """Return the context in which all of the entry's work is launched."""
        return torch.cuda.stream(self.stream) if self.stream else nullcontext()


class _Group:
    def __init__(self, jobs: Sequence[Job], *, amp: torch.dtype | None, voice: Voice) -> None:
        company = [job.id for job in jobs]
        self.seats = [_Seat(job, amp=amp, company=company) for job in jobs]
        self.voice = voice
        self.crowded: list[Job] = []

    def run(self) -> list[Job]:
        """Take turns until all have ended; returns those that needed more memory."""
        while self.seats:
            for seat in list(self.seats):
                if self._turn(seat):
                    self.seats.remove(seat)
            if self.seats and self.voice.stopping():
                for seat in self.seats:
                    seat.save()
                raise Interrupted(f"with {len(self.seats)} open")
        return self.crowded

    def _turn(self, seat: _Seat) -> bool:
        """Give a seat its turn; returns whether it was its last."""
        try:
            ended = seat.turn(self.voice.teller(seat.job))
        except BaseException as error:  # every other way to fail is a value in the table
            ended = self._failed(seat, error)
        else:
            if ended:
                seat.training = None  # its memory is the others' now
                self.voice.ended(seat.job)
        return ended

    def _failed(self, seat: _Seat, error: BaseException) -> bool:
        """Decide what a failure means; returns whether the seat is free."""
        failed = explain(error)
        _forget_frames(error)
        replaceable = seat.job.requested == AUTO and seat.job.engine != EAGER
        if isinstance(error, EngineFailed) and replaceable:
            self._fall_back(seat, why=failed.reason.partition("\n")[0])
            return False
        if failed.outcome == "oom" and len(self.seats) > 1:
            self.crowded.append(seat.job)
        else:
            seat.attempt.fail(failed)
            self.voice.ended(seat.job)
        seat.training = None
        return True

    def _fall_back(self, seat: _Seat, *, why: str) -> None:
        """Let an entry begin anew in plain PyTorch; its old folder keeps no record."""
        (seat.job.folder / outcome.RECORD).unlink(missing_ok=True)
        digests = sources.digests(seat.job.spec, engine=EAGER)
        seat.sit(seat.job.under(EAGER, why=why, sources=digests))
        _free_memory()
        self.voice.open(seat.job)


def _own_stream(job: Job) -> torch.cuda.Stream | None:
    """Return a stream for an engine that can use one.

    Plain PyTorch stays on the stream that all operators know: torchvision's deformable
    convolution works on no other, and would not be waited for.
    """
    if job.device == "cpu" or job.engine == EAGER:
        return None
    return torch.cuda.Stream(job.device)  # type: ignore[no-untyped-call]


def _forget_frames(error: BaseException) -> None:
    """Let go of what an error holds on to: the tensors of the training that failed."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__


def _free_memory() -> None:
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where no GPU is used
