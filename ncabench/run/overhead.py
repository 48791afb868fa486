"""What the harness adds to a training's iterations: draws, pool, logging, saving."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.fires import Fires, drawn
from ncabench.nca.pool import Batch
from ncabench.nca.trainer.rollout import Rollout
from ncabench.plan import assemble
from ncabench.run import failure, memory, settings
from ncabench.run.checkpoint import SHARE
from ncabench.run.job import Job
from ncabench.run.precision import flags, operands
from ncabench.run.rotation import ratio, take_turns
from ncabench.run.timing import lap
from ncabench.run.train import Training

BLOCK = 50  # iterations; one of them is logged
SPREAD = 3  # of rollout lengths, to both sides of the mean
WARM_UP = 2 * BLOCK
MANY = 10**6
RECIPE: Mapping[str, Any] = {
    "kind": "rollout",
    "iterations": MANY,
    "optimiser": {"family": "optimiser", "kind": "adam", "learning_rate": 1e-3},
    "schedule": {"family": "schedule", "kind": "constant"},
    "pool": {"family": "pool", "kind": "fifo"},
}


class Bare(Rollout):
    """The same iterations on one batch and with one set of masks, without a pool.

    What is left is what no harness can be without: rollout, loss, gradient, optimiser.
    """

    _masks: Tensor | None = None
    _batch: Batch | None = None

    def _fresh(self, samples: Tensor) -> Batch:
        if self._batch is None:
            self._batch = super()._fresh(samples)
        return self._batch

    def _fires(
        self, samples: Tensor, shape: Sequence[int], *, steps: int, purpose: str = "train"
    ) -> Tensor | Fires:
        if self._masks is None:
            longest = self.steps[1] - 1
            masks = drawn(super()._fires(samples, shape, steps=longest, purpose=purpose))
            self._masks = masks.clone()
        return self._masks[:steps]


def overhead(
    job: Job,
    *,
    engine: Callable[[], Engine],
    precision: str,
    batch: int,
    steps: int,
    rounds: int,
) -> dict[str, float]:
    """Return by how much the harness lengthens a training's iterations, in %.

    Three trainings of a common recipe take turns in blocks of 50 iterations: a bare one, one
    with draws and a pool, and one that the harness runs, which logs once in a block. Times
    are per step of a rollout, since lengths vary. Saving is not in the blocks: one checkpoint
    is written and timed, and its share is what the rhythm of checkpoints allows it.

    Source: none; the parts are the harness's own.

    Args:
        job: a profile's; says which model and task, and where.
        engine: makes an engine.
        precision: of the operands, by its name.
        batch: grids.
        steps: the mean length of a rollout.
        rounds: blocks of each.

    Returns:
        ``draws_percent``, ``logging_percent``, ``saving_percent`` and their sum
        ``percent``, and ``bare_ms``, the milliseconds of a bare iteration.
    """
    with tempfile.TemporaryDirectory() as folder, flags(precision):
        asked = _training(job, batch=batch, steps=steps, folder=Path(folder))
        bare, drawn = _trainer(Bare, asked, engine()), _trainer(Rollout, asked, engine())
        run = Training(asked, engine=engine(), tell=lambda _: None)
        turns = {
            "bare": (bare, bare.advance),
            "drawn": (drawn, drawn.advance),
            "run": (run.trainer, run.iterate),
        }
        device = torch.device(job.device)
        for _, turn in turns.values():
            for _ in range(WARM_UP):
                turn()
        clocks = {name: _clock(*pair, device=device) for name, pair in turns.items()}
        times = take_turns(clocks, rounds=rounds, failed=_raise)
        started = time.perf_counter()
        run.save()
        saving_s = time.perf_counter() - started
    wait_s = max(job.checkpoint_s, saving_s / SHARE)
    shares = {
        "draws_percent": 100 * (ratio(times["drawn"], times["bare"]) - 1),
        "logging_percent": 100 * (ratio(times["run"], times["drawn"]) - 1),
        "saving_percent": 100 * saving_s / wait_s,
    }
    bare_ms = steps * statistics.median(times["bare"])
    return {**shares, "percent": sum(shares.values()), "bare_ms": bare_ms}


def overheads(
    job: Job, *, engine: str, precisions: Sequence[str], batch: int, steps: int, rounds: int
) -> tuple[dict[str, float], list[str]]:
    """Return `overhead` for each precision, by the names of a benchmark's values, and notes.

    An engine that fails leaves no value, and a note says why.
    """
    values: dict[str, float] = {}
    notes = []
    for precision in precisions:
        name = f"training/{engine}/{precision}/harness"
        made = partial(settings.engine, engine, device=job.device, amp=operands(precision))
        given: dict[str, Any] = {"batch": batch, "steps": steps, "rounds": rounds}
        try:
            found = overhead(job, engine=made, precision=precision, **given)
        except Exception as error:  # a failure is a result
            failed = failure.classify(error)
            notes.append(
                f"{name}: {failed.outcome}: {failed.reason.strip().partition(chr(10))[0]}"
            )
        else:
            values |= {f"{name}_{part}": number for part, number in found.items()}
        finally:
            memory.settle(torch.device(job.device))
    return values, notes


def _training(job: Job, *, batch: int, steps: int, folder: Path) -> Job:
    """Return a training of the profile's model, at its size."""
    least = max(1, steps - SPREAD)
    recipe = {**RECIPE, "batch": batch, "steps": [least, 2 * steps - least + 1]}
    spec = {**job.spec, "role": "training", "rng_seed": 0, "trainer": recipe}
    return replace(job, role="training", spec=spec, folder=folder, log_every=BLOCK)


def _trainer(kind: type[Rollout], job: Job, engine: Engine) -> Rollout:
    parts = assemble.assemble(job.spec, root=job.data_root)
    given = catalog.keywords("trainer", job.spec["trainer"])
    if kind is Bare:
        given = {**given, "pool": None}
    model, task = parts.model.to(job.device), parts.task.to(job.device)
    return kind(model, task, Draws(0), engine, **given)  # type: ignore[arg-type]


def _clock(
    trainer: Any, turn: Callable[[], object], *, device: torch.device
) -> Callable[[], float]:
    """Return what times a block of iterations, in milliseconds for a step of a rollout."""

    def clock() -> float:
        low, high = trainer.steps
        steps = sum(
            trainer.draws.integer("train/steps", low=low, high=high, index=iteration)
            for iteration in range(trainer.iteration, trainer.iteration + BLOCK)
        )
        return float(lap(turn, device=device, repeats=BLOCK).ms * BLOCK / steps)

    return clock


def _raise(_name: str, error: Exception) -> None:
    raise error
