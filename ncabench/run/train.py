"""Runs a training entry: resume, iterate, log, checkpoint, save the weights."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ncabench import catalog
from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.trainer import Trainer
from ncabench.plan import assemble
from ncabench.run import checkpoint
from ncabench.run.job import Job
from ncabench.run.progress import Progress, Tell
from ncabench.run.result import Interrupted, Result

WEIGHTS = "weights.safetensors"
LOG = "log.jsonl"
LIMIT = 1e6  # a loss beyond it counts as diverged


def train(
    job: Job, *, amp: torch.dtype | None, tell: Tell, stopping: Callable[[], bool]
) -> Result:
    """Train to the end, from the last checkpoint where there is one.

    Raises:
        Diverged: the loss stopped being finite, or passed 1e6.
        Interrupted: ``stopping`` said so; a checkpoint was written.
    """
    parts = assemble.assemble(job.spec, root=job.data_root)
    model, task = parts.model.to(job.device), parts.task.to(job.device)
    draws = Draws(job.spec["rng_seed"])
    trainer: Trainer = catalog.build("trainer", job.spec["trainer"], model, task, draws, amp)
    loop = _Loop(job, trainer=trainer, tell=tell)
    loop.resume()
    while trainer.iteration < trainer.iterations:
        loop.iterate()
        if stopping():
            loop.save()
            raise Interrupted(f"at iteration {trainer.iteration} of {trainer.iterations}")
    loop.flush()
    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, job.folder / WEIGHTS)
    values = {
        "parameters": float(parts.parameters),
        "iterations": float(trainer.iterations),
        **loop.last,
    }
    return Result(
        values=values, artifacts=[WEIGHTS, LOG], seconds=loop.seconds(), resumed=loop.resumed
    )


class _Loop:
    """Counts, logs and checkpoints a trainer's iterations."""

    def __init__(self, job: Job, *, trainer: Trainer, tell: Tell) -> None:
        self.job, self.trainer, self.tell = job, trainer, tell
        self.log = job.folder / LOG
        self.pending: list[tuple[int, dict[str, Tensor]]] = []
        self.lines: list[str] = []
        self.last: dict[str, float] = {}
        self.worst: Tensor | None = None
        self.earlier_s = 0.0
        self.started = self.saved = time.monotonic()
        self.resumed: list[int] = []

    def seconds(self) -> float:
        """Seconds of training, those of earlier attempts up to their checkpoints included."""
        return self.earlier_s + time.monotonic() - self.started

    def resume(self) -> None:
        saved = checkpoint.load(self.job.folder, device=self.job.device)
        if saved is not None:
            self.trainer.load_state_dict(saved["trainer"])
            self.earlier_s, self.last = saved["seconds"], saved["last"]
            self.resumed = [*saved["resumed"], self.trainer.iteration]
        _cut_log(self.log, iteration=self.trainer.iteration)
        self.done_before = self.trainer.iteration

    def iterate(self) -> None:
        scalars = self.trainer.advance()
        loss = scalars["loss"].abs()
        bad = torch.where(loss.isfinite(), loss, math.inf)
        self.worst = bad if self.worst is None else torch.maximum(self.worst, bad)
        iteration, every = self.trainer.iteration, self.job.log_every
        if iteration % every == 0 or iteration == self.trainer.iterations:
            self._check()
            self._write(iteration, scalars)
            self._report()
        if time.monotonic() - self.saved > self.job.checkpoint_s:
            self.save()

    def _check(self) -> None:
        worst = math.inf if self.worst is None else float(self.worst)
        if worst > LIMIT:
            said = "stopped being finite" if math.isinf(worst) else f"reached {worst:.3g}"
            raise Diverged(f"the loss {said} by iteration {self.trainer.iteration}")
        self.worst = None

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
        self.flush()
        state: dict[str, Any] = {
            "trainer": self.trainer.state_dict(),
            "seconds": self.seconds(),
            "last": self.last,
            "resumed": self.resumed,
        }
        checkpoint.save(state, folder=self.job.folder)
        self.saved = time.monotonic()


def _cut_log(path: Path, *, iteration: int) -> None:
    """Drop the lines that a killed attempt wrote after its last checkpoint."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and json.loads(line)["iteration"] <= iteration:
                kept.append(line)
    path.write_text("".join(kept), encoding="utf-8")
