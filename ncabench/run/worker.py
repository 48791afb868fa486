"""The process of an entry: set up, run, and leave a record; or end without one."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ncabench import outside
from ncabench.errors import MachineError
from ncabench.run import folder, settings
from ncabench.run.attempt import Attempt, explain
from ncabench.run.evaluate import evaluate
from ncabench.run.job import Job
from ncabench.run.profile_entry import profile_entry
from ncabench.run.progress import Ended, Instead, Moved, Tell
from ncabench.run.result import Interrupted, Result
from ncabench.run.together import Voice, train

OUTPUT = "output.log"
LOCK = ".lock"
EXIT_MACHINE = 7
EXIT_INTERRUPTED = 130


def main(jobs: Sequence[Job], pipe: Connection) -> None:
    """Run one entry, or several trainings in turns, in this process, and end the process.

    Args:
        jobs: what to run; several only where they are trainings.
        pipe: where `progress.Moved`, `Ended`, `Instead` and, at the end, a machine's failure
            are sent.
    """
    _die_with_parent()
    _lock_threads_alone()
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, _stopper(jobs[0], stop))
    with contextlib.ExitStack() as held:
        try:
            _open(jobs, held)
            voice = _voice(pipe, stop=stop, held=held)
            code = _run(jobs, voice)
        except Interrupted:
            code = EXIT_INTERRUPTED
        except (MachineError, OSError) as error:  # the disk, or the folder itself
            pipe.send(str(error))
            code = EXIT_MACHINE
    os._exit(code)


def _open(jobs: Sequence[Job], held: contextlib.ExitStack) -> None:
    """Make the folders, hold them, and let the first have what the process prints."""
    for job in jobs:
        held.enter_context(_held(folder.make(job.folder) / LOCK))
    held.enter_context(_captured(jobs[0].folder / OUTPUT))
    for job in jobs[1:]:
        _point(job, to=jobs[0].id)


def _point(job: Job, *, to: str) -> None:
    with (job.folder / OUTPUT).open("a", encoding="utf-8") as stream:
        stream.write(f"the process of {to} ran this too; what it printed is there\n")


def _voice(pipe: Connection, *, stop: threading.Event, held: contextlib.ExitStack) -> Voice:
    def say(message: Moved | Ended | Instead) -> None:
        with contextlib.suppress(BrokenPipeError):  # the parent is gone, and so are we soon
            pipe.send(message)

    def teller(job: Job) -> Tell:
        return lambda progress: say(Moved(id=job.id, progress=progress))

    def instead(job: Job) -> None:
        held.enter_context(_held(folder.make(job.folder) / LOCK))
        _point(job, to=job.id)
        say(Instead(job=job))

    return Voice(
        teller=teller,
        ended=lambda job: say(Ended(id=job.id)),
        open=instead,
        stopping=stop.is_set,
    )


def _run(jobs: Sequence[Job], voice: Voice) -> int:
    attempts = [Attempt(job) for job in jobs]
    try:
        for job in jobs:
            outside.from_spec(job.spec, trusted=True)
        amp = settings.apply(_execution(jobs[0]), device=jobs[0].device)
        if jobs[0].role != "training":
            attempts[0].look_around()
            attempts[0].succeed(_measured(jobs[0], amp=amp))
            voice.ended(jobs[0])
    except BaseException as error:  # every other way to fail is a value in the table
        failed = explain(error)
        for one in attempts:
            one.fail(failed)
            voice.ended(one.job)
        return 0
    if jobs[0].role == "training":
        train(jobs, amp=amp, voice=voice)
    return 0


def _execution(job: Job) -> Mapping[str, Any]:
    execution: Mapping[str, Any] = job.spec.get("training", job.spec)["execution"]
    return execution


def _measured(job: Job, *, amp: torch.dtype | None) -> Result:
    if job.role == "profile":
        return profile_entry(job, amp=amp)
    engine = settings.engine(job.engine, device=job.device, amp=amp)
    return evaluate(job, engine=engine)


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


def _lock_threads_alone() -> None:
    """Keep progress bars of libraries from a semaphore, which would outlive this process."""
    importlib.import_module("tqdm").tqdm.set_lock(threading.RLock())


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
