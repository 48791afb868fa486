"""Runs a training entry: resume, iterate, log, checkpoint, save the weights."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ncabench import catalog
from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.trainer import Trainer
from ncabench.plan import assemble
from ncabench.run import checkpoint
from ncabench.run.behind import WEIGHTS, weights
from ncabench.run.checkpoint import Rhythm
from ncabench.run.folder import LOG
from ncabench.run.job import Job
from ncabench.run.progress import Progress, Tell
from ncabench.run.reading import Reading
from ncabench.run.result import Result

LIMIT = 1e6  # a loss beyond it, at a line of the log, counts as diverged
WORST = "worst"  # the greatest loss since the last reading; it is no value of the log


class Training:
    """A training entry in progress, taken up from its last checkpoint where there is one.

    It begins with the weights of its donor, where it has one.

    Args:
        job: the entry.
        engine: what runs it.
        tell: what is told of progress.
        company: trainings that share the process, this one included; each saves so much
            more seldom.
    """

    def __init__(self, job: Job, *, engine: Engine, tell: Tell, company: int = 1) -> None:
        parts = assemble.assemble(job.spec, root=job.data_root)
        self.model, task = parts.model.to(job.device), parts.task.to(job.device)
        self.parameters = parts.parameters
        if job.donor is not None:
            self.model.load_state_dict(weights(job, "donor"))
        self.counted_apart = parts.model.counted_apart()
        draws = Draws(job.spec["rng_seed"])
        self.trainer: Trainer = catalog.build(
            "trainer", job.spec["trainer"], self.model, task, draws, engine
        )
        self.job, self.engine, self.tell = job, engine, tell
        self.log = job.folder / LOG
        self.lines: list[str] = []
        self.last: dict[str, float] = {}
        self.earlier_s = 0.0
        self.started = time.monotonic()
        share = checkpoint.SHARE / company
        self.rhythm = Rhythm(least_s=job.checkpoint_s, now=self.started, share=share)
        self.pace = Pace()
        self.reading: Reading | None = None  # on its way from the device
        self.resumed: list[int] = []
        self._resume()

    @property
    def finished(self) -> bool:
        """Whether all iterations are done."""
        return self.trainer.iteration >= self.trainer.iterations

    def result(self) -> Result:
        """Save the weights of a finished training, and return what it leaves."""
        self.flush()
        weights = {name: one.contiguous() for name, one in self.model.state_dict().items()}
        save_file(weights, self.job.folder / WEIGHTS)
        values = {
            "parameters": float(self.parameters),
            **{f"{part}_parameters": float(n) for part, n in self.counted_apart.items()},
            "iterations": float(self.trainer.iterations),
            **self.last,
        }
        pace = {"saving_s": self.rhythm.saving_s, "ms_per_iteration": self.pace.ms}
        return Result(
            values=values,
            artifacts=[WEIGHTS, LOG],
            seconds=self.seconds(),
            resumed=self.resumed,
            warnings=list(self.engine.notes),
            environment={"training": pace},
        )

    def seconds(self) -> float:
        """Seconds of training, those of earlier attempts up to their checkpoints included."""
        return self.earlier_s + time.monotonic() - self.started

    def _resume(self) -> None:
        saved = checkpoint.load(self.job.folder, device=self.job.device)
        if saved is not None:
            self.trainer.load_state_dict(saved["trainer"])
            self.earlier_s, self.last = saved["seconds"], saved["last"]
            self.resumed = [*saved["resumed"], self.trainer.iteration]
        _cut_log(self.log, iteration=self.trainer.iteration)
        self.done_before = self.trainer.iteration

    def iterate(self) -> None:
        """Do one iteration, and log, tell and save where it is time to.

        Raises:
            Diverged: the loss stopped being finite in any iteration, or is beyond 1e6 at a line
                of the log. What passed 1e6 between two lines and came back is no divergence.
            EngineFailed: the engine could not be made to run it.
        """
        scalars = self.trainer.advance()
        iteration, every = self.trainer.iteration, self.job.log_every
        if iteration % every == 0 or self.finished:
            self._begin_reading(scalars)
        if self.rhythm.due(time.monotonic()):
            self.save()

    def _begin_reading(self, scalars: dict[str, Tensor]) -> None:
        """Let the scalars come; take those that were on their way, unless a CPU has all."""
        reading = Reading(self.trainer.iteration, {**scalars, WORST: self.trainer.worst})
        self.trainer.worst.zero_()
        self._take_reading()
        self.reading = reading
        if self.finished or not self.engine.captures:
            self._take_reading()

    def _take_reading(self) -> None:
        """Check, log and tell of the scalars that are on their way, if any are."""
        reading, self.reading = self.reading, None
        if reading is None:
            return
        values = reading.values()
        worst = values.pop(WORST)
        if math.isinf(worst) or abs(values["loss"]) > LIMIT:
            self._write(reading.iteration, values)
            self._append_lines()
            said = "stopped being finite" if math.isinf(worst) else f"reached {worst:.3g}"
            raise Diverged(f"the loss {said} by iteration {reading.iteration}")
        self._write(reading.iteration, values)
        self.pace.pass_by(reading, time.monotonic(), saving_s=self.rhythm.saving_s)
        self._report(reading.iteration)

    def _write(self, iteration: int, values: dict[str, float]) -> None:
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        self.last = {f"final_{name}": value for name, value in finite.items()}
        self.lines.append(json.dumps({"iteration": iteration, **finite}) + "\n")
        if len(self.lines) >= 20:
            self._append_lines()

    def _report(self, iteration: int) -> None:
        self.tell(
            Progress(
                done=iteration,
                total=self.trainer.iterations,
                resumed=self.done_before,
                note=f"loss {self.last['final_loss']:.4g}",
            )
        )

    def flush(self) -> None:
        """Append to the log all that is to be read of the iterations done."""
        self._take_reading()
        self._append_lines()

    def _append_lines(self) -> None:
        with self.log.open("a", encoding="utf-8") as stream:
            stream.writelines(self.lines)
        self.lines.clear()

    def save(self) -> None:
        """Write a checkpoint."""
        if self.job.device != "cpu":
            torch.cuda.synchronize(self.job.device)  # what is under way is no cost of saving
        began = time.monotonic()
        self.flush()
        state: dict[str, Any] = {
            "trainer": self.trainer.state_dict(),
            "seconds": self.seconds(),
            "last": self.last,
            "resumed": self.resumed,
        }
        checkpoint.save(state, folder=self.job.folder)
        self.rhythm.saved(began=began, ended=time.monotonic())


class Pace:
    """Milliseconds of an iteration, from the first reading to the last, without saving.

    What comes before is left out: kernels are chosen and compiled there. On a GPU the clock
    is the device's own.

    >>> pace = Pace()
    >>> for iteration, now_s in ((50, 9.0), (100, 10.0), (150, 11.0)):
    ...     reading = Reading(iteration, {"loss": torch.tensor(0.5)})
    ...     pace.pass_by(reading, now_s, saving_s=0.0)
    >>> pace.ms
    20.0
    """

    def __init__(self) -> None:
        self.first: tuple[Reading, float, float] | None = None
        self.ms: float | None = None

    def pass_by(self, reading: Reading, now_s: float, *, saving_s: float) -> None:
        """Take note of a reading, of when it was read, and of what saving has cost so far."""
        if self.first is None:
            self.first = (reading, now_s, saving_s)
            return
        first, began_s, saved_s = self.first
        if reading.iteration > first.iteration:
            passed_ms = reading.ms_since(first)
            if passed_ms is None:
                passed_ms = 1000 * (now_s - began_s)
            training_ms = passed_ms - 1000 * (saving_s - saved_s)
            self.ms = training_ms / (reading.iteration - first.iteration)


def _cut_log(path: Path, *, iteration: int) -> None:
    """Drop the lines that a killed attempt wrote after its last checkpoint."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and json.loads(line)["iteration"] <= iteration:
                kept.append(line)
    path.write_text("".join(kept), encoding="utf-8")
