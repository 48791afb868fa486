"""The process of one entry: set up, run, and leave a record; or end without one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ncabench.errors import MachineError
from ncabench.run import checkpoint, environment, failure, folder, outcome, settings
from ncabench.run.evaluate import evaluate
from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.profile_entry import profile_entry
from ncabench.run.progress import Progress, Tell
from ncabench.run.result import Interrupted, Result
from ncabench.run.train import train

OUTPUT = "output.log"
LOCK = ".lock"
EXIT_MACHINE = 7
EXIT_INTERRUPTED = 130


def main(job: Job, pipe: Connection) -> None:
    """Run one entry in this process, and end the process.

    Args:
        job: what to run.
        pipe: where `Progress` and, at the end, a machine's failure are sent.
    """
    _die_with_parent()
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, _stopper(job, stop))
    try:
        folder.make(job.folder)
        with _held(job.folder / LOCK), _captured(job.folder / OUTPUT):
            code = _run(job, tell=_teller(pipe), stopping=stop.is_set, pipe=pipe)
    except (MachineError, OSError) as error:  # the folder itself cannot be used
        pipe.send(str(error))
        code = EXIT_MACHINE
    os._exit(code)


def _run(job: Job, *, tell: Tell, stopping: Callable[[], bool], pipe: Connection) -> int:
    try:
        record = _record(job, tell=tell, stopping=stopping)
        outcome.write(record, folder=job.folder)
        if record.outcome == "ok":
            checkpoint.remove(job.folder)
    except Interrupted:
        return EXIT_INTERRUPTED
    except MachineError as error:
        pipe.send(str(error))
        return EXIT_MACHINE
    return 0


def _record(job: Job, *, tell: Tell, stopping: Callable[[], bool]) -> Record:
    started, clock = datetime.now(UTC), time.monotonic()
    blank = Record(
        role=job.role,
        id=job.id,
        device_class=job.device_class,
        engine=job.engine,
        outcome="ok",
        spec=job.spec,
        labels=job.labels,
        sources=job.sources,
        started_at=started.isoformat(timespec="seconds"),
    )
    try:
        amp = settings.apply(_execution(job), device=job.device)
        blank = replace(blank, environment=environment.describe(job.device))
        result = _execute(job, amp=amp, tell=tell, stopping=stopping)
    except Interrupted:
        raise
    except BaseException as error:  # every other way to fail is a value in the table
        traceback.print_exc()
        failed = failure.classify(error)
        return replace(
            blank,
            outcome=failed.outcome,
            reason=failed.reason,
            seconds=time.monotonic() - clock,
            ended_at=_now(),
        )
    return replace(
        blank,
        values=result.values,
        artifacts=folder.digests(job.folder, result.artifacts),
        seconds=result.seconds,
        resumed_at=tuple(result.resumed) if job.device != "cpu" else (),
        warnings=tuple(result.warnings),
        ended_at=_now(),
    )


def _execution(job: Job) -> Mapping[str, Any]:
    spec = job.spec["training"] if job.role == "evaluation" else job.spec
    execution: Mapping[str, Any] = spec["execution"]
    return execution


def _execute(
    job: Job, *, amp: torch.dtype | None, tell: Tell, stopping: Callable[[], bool]
) -> Result:
    if job.role == "training":
        return train(job, amp=amp, tell=tell, stopping=stopping)
    if job.role == "evaluation":
        return evaluate(job, amp=amp)
    return profile_entry(job, amp=amp)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _teller(pipe: Connection) -> Tell:
    def tell(progress: Progress) -> None:
        with contextlib.suppress(BrokenPipeError):  # the parent is gone, and so are we soon
            pipe.send(progress)

    return tell


def _stopper(job: Job, stop: threading.Event) -> Callable[..., None]:
    """Return what a request to stop does: a training saves first, the others just end."""
    if job.role == "training":
        return lambda *_: stop.set()
    return lambda *_: os._exit(EXIT_INTERRUPTED)


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def wait() -> None:
        connection.wait([sentinel])
        os._exit(137)

    threading.Thread(target=wait, daemon=True, name="watches the parent").start()


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the run folder; waits for a dying predecessor to let go of it."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _captured(path: Path) -> Iterator[None]:
    """Send what this process and its libraries print to a file in the run folder."""
    with path.open("a", buffering=1, encoding="utf-8") as stream:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        sys.stdout = sys.stderr = stream
        yield
