"""Does again what a record tells of, for a stretch, and leaves the record alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ncabench.run import settings
from ncabench.run.evaluate import evaluate
from ncabench.run.folder import LOG
from ncabench.run.job import Job
from ncabench.run.train import Training

Line = Mapping[str, float]


def training(job: Job, *, iterations: int) -> list[Line]:
    """Return what a training logs in its first iterations.

    Args:
        job: bound to an empty folder; it is not asked to write checkpoints.
        iterations: how many.

    Raises:
        Diverged: the loss stopped being finite, or is beyond 1e6 at a line of the log.
        EngineFailed: the engine could not be made to run it.
    """
    amp = settings.apply(job.spec["execution"], device=job.device)
    engine = settings.engine(job.engine, device=job.device, amp=amp)
    one = Training(job, engine=engine, tell=lambda _: None)
    while one.trainer.iteration < iterations:
        one.iterate()
    one.flush()
    return lines((job.folder / LOG).read_text(encoding="utf-8"))


def evaluation(job: Job) -> dict[str, float]:
    """Return the values of an evaluation, measured again of its training's weights.

    Raises:
        RecordError: the weights are missing.
        NoData: a metric's trained weights are not here.
        Diverged: a state stopped being finite.
    """
    execution: Mapping[str, Any] = job.spec["training"]["execution"]
    amp = settings.apply(execution, device=job.device)
    engine = settings.engine(job.engine, device=job.device, amp=amp)
    return dict(evaluate(job, engine=engine).values)


def lines(log: str) -> list[Line]:
    """Return the lines of a training's log.

    >>> lines('{"iteration": 50, "loss": 0.5}')
    [{'iteration': 50, 'loss': 0.5}]
    """
    return [json.loads(line) for line in log.splitlines()]
