"""What a person sees in the terminal: progress, lists, statuses."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.progress import Progress as Moved
from ncabench.run.scheduler import Watcher

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
PLAIN_EVERY_S = 10.0


class Work:
    """How much of a run is done, in units of entries, and how long the rest will take.

    Only work left counts: what earlier runs finished is neither in the total nor in the
    time. A running training counts by its share of iterations.
    """

    def __init__(self) -> None:
        self.total = 0
        self.ended = 0
        self.shares: dict[str, float] = {}
        self.began = time.monotonic()

    def eta_s(self) -> float | None:
        """Seconds left, from the pace so far; None before anything moved."""
        done = self.ended + sum(self.shares.values())
        if done <= 0:
            return None
        return (time.monotonic() - self.began) / done * (self.total - done)


class PlainWatcher(Watcher):
    """One line for each event; progress at most every ten seconds an entry."""

    def __init__(self) -> None:
        self.work = Work()
        self.last: dict[str, float] = {}

    def planned(self, jobs: Sequence[Job]) -> None:
        self.work = Work()  # a check plans several times, each from nothing
        self.work.total = len(jobs)

    def started(self, job: Job) -> None:
        err.print(f"start  {job.name} on {job.device}", markup=False)

    def moved(self, job: Job, progress: Moved) -> None:
        self.work.shares[job.id] = _share(progress)
        now = time.monotonic()
        if now - self.last.get(job.id, 0.0) >= PLAIN_EVERY_S:
            self.last[job.id] = now
            line = f"       {job.name} {progress.done}/{progress.total} {progress.note}"
            err.print(f"{line}{eta_text(self.work.eta_s())}", markup=False)

    def ended(self, job: Job, record: Record) -> None:
        self.work.shares.pop(job.id, None)
        self.work.ended += 1
        line = f"{record.outcome:<6} {job.name} {record.seconds:.1f} s"
        count = f" ({self.work.ended}/{self.work.total}{eta_text(self.work.eta_s())})"
        reason = record.reason.partition("\n")[0]
        err.print(f"{line}{count}{': ' + reason if reason else ''}", markup=False)


class LiveWatcher(Watcher):
    """Bars that move, one for each running entry and one for all."""

    def __init__(self) -> None:
        self.work = Work()
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=err,
        )
        self.all = self.bars.add_task("all entries", total=None, note="")
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> LiveWatcher:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def planned(self, jobs: Sequence[Job]) -> None:
        self.work = Work()  # a check plans several times, each from nothing
        self.work.total = len(jobs)
        self.bars.update(self.all, total=len(jobs))

    def started(self, job: Job) -> None:
        self.tasks[job.id] = self.bars.add_task(job.name, total=None, note="")

    def moved(self, job: Job, progress: Moved) -> None:
        self.work.shares[job.id] = _share(progress)
        task = self.tasks[job.id]
        self.bars.update(
            task, total=progress.total, completed=progress.done, note=progress.note
        )
        self._update_all()

    def ended(self, job: Job, record: Record) -> None:
        self.work.shares.pop(job.id, None)
        self.work.ended += 1
        if job.id in self.tasks:
            self.bars.remove_task(self.tasks.pop(job.id))
        self._update_all()
        reason = record.reason.partition("\n")[0]
        colour = "green" if record.outcome == "ok" else "red"
        line = Text.assemble(
            (f"{record.outcome:<6}", colour), f" {job.name} {record.seconds:.1f} s {reason}"
        )
        self.bars.console.print(line)

    def _update_all(self) -> None:
        left = self.work.total - self.work.ended
        note = eta_text(self.work.eta_s()).strip(", ") if left else ""
        self.bars.update(self.all, completed=self.work.ended, note=note)


def _share(progress: Moved) -> float:
    todo = progress.total - progress.resumed
    return (progress.done - progress.resumed) / todo if todo else 0.0


def eta_text(seconds: float | None) -> str:
    """Return the time left, as a progress line shows it.

    >>> eta_text(None), eta_text(75), eta_text(7300)
    ('', ', 1 min 15 s left', ', 2 h 1 min left')
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f", {hours} h {minutes} min left"
    return f", {minutes} min {rest} s left" if minutes else f", {rest} s left"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to standard output; plain tab-separated lines where it is no terminal."""
    if not out.is_terminal:
        for row in [heads, *rows]:
            text("\t".join(row))
        return
    drawn = Table(*heads, box=None, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    out.print(drawn)


def text(content: str) -> None:
    """Print text to standard output as it is."""
    out.file.write(f"{content}\n")  # Rich would turn tabs into spaces
