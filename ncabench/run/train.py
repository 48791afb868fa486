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
from ncabench.run.checkpoint import Rhythm
from ncabench.run.job import Job
from ncabench.run.progress import Progress, Tell
from ncabench.run.result import Result

WEIGHTS = "weights.safetensors"
LOG = "log.jsonl"
LIMIT = 1e6  # a loss beyond it counts as diverged


class Training:
    """A training entry in progress, taken up from its last checkpoint where there is one.

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
            Diverged: the loss stopped being finite, or passed 1e6.
            EngineFailed: the engine could not be made to run it.
        """
        scalars = self.trainer.advance()
        iteration, every = self.trainer.iteration, self.job.log_every
        if iteration % every == 0 or iteration == self.trainer.iterations:
            self._check()
            self._write(iteration, scalars)
            self.pace.pass_by(iteration, time.monotonic() - self.rhythm.saving_s)
            self._report()
        if self.rhythm.due(time.monotonic()):
            self.save()

    def _check(self) -> None:
        worst = float(self.trainer.worst)
        if worst > LIMIT:
            said = "stopped being finite" if math.isinf(worst) else f"reached {worst:.3g}"
            raise Diverged(f"the loss {said} by iteration {self.trainer.iteration}")
        self.trainer.worst.zero_()

    def _write(self, iteration: int, scalars: dict[str, Tensor]) -> None:
        values = {name: float(value) for name, value in scalars.items()}
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        self.last = {f"final_{name}": value for name, value in finite.items()}
        self.lines.append(json.dumps({"iteration": iteration, **finite}) + "\n")
        if len(self.lines) >= 20:
            self.flush()

    def _report(self) -> None:
        self.tell(
            Progress(
                done=self.trainer.iteration,
                total=self.trainer.iterations,
                resumed=self.done_before,
                note=f"loss {self.last['final_loss']:.4g}",
            )
        )

    def flush(self) -> None:
        """Append the waiting lines to the log."""
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
    """Milliseconds of an iteration, from the first logged one to the last.

    What comes before is left out: kernels are chosen and compiled there.

    >>> pace = Pace()
    >>> for iteration, now_s in ((50, 9.0), (100, 10.0), (150, 11.0)):
    ...     pace.pass_by(iteration, now_s)
    >>> pace.ms
    20.0
    """

    def __init__(self) -> None:
        self.first: tuple[int, float] | None = None
        self.ms: float | None = None

    def pass_by(self, iteration: int, now_s: float) -> None:
        """Take note of the time at which the device had done ``iteration``."""
        if self.first is None:
            self.first = (iteration, now_s)
        elif iteration > self.first[0]:
            self.ms = 1000 * (now_s - self.first[1]) / (iteration - self.first[0])


def _cut_log(path: Path, *, iteration: int) -> None:
    """Drop the lines that a killed attempt wrote after its last checkpoint."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and json.loads(line)["iteration"] <= iteration:
                kept.append(line)
    path.write_text("".join(kept), encoding="utf-8")
