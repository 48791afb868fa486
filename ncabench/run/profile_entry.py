"""Runs a profile entry: what a model costs at its task's size."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from ncabench.nca.engine import Engine
from ncabench.plan import assemble
from ncabench.plan.assemble import Assembled
from ncabench.run import settings
from ncabench.run.benchmark import Asked, Measured, benchmark
from ncabench.run.job import Job
from ncabench.run.profile import profile
from ncabench.run.result import Result


def profile_entry(job: Job, *, amp: torch.dtype | None) -> Result:
    """Measure time, memory and energy of an untrained model; weights do not change them.

    Where the entry names engines, these are measured beside one another; else one is: plain
    PyTorch, or another engine where the entry asks for it.
    """
    started = time.monotonic()
    parts = assemble.assemble(job.spec, root=job.data_root)
    measured = _measure(job, parts, amp=amp)
    return Result(
        values={"parameters": float(parts.parameters), **measured.values},
        artifacts=[],
        seconds=time.monotonic() - started,
        warnings=measured.notes,
        environment={"versions": measured.versions} if measured.versions else {},
    )


def _measure(job: Job, parts: Assembled, *, amp: torch.dtype | None) -> Measured:
    device, asked = torch.device(job.device), dict(job.spec["profile"])
    if asked.get("engines"):
        several: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in asked.items()
        }
        return benchmark(parts.model, parts.task, Asked(**several), device=device)
    engines: list[Engine] = []
    with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
        costs = profile(
            parts.model,
            parts.task,
            device=device,
            engine=None if job.engine == "eager" else _maker(job, amp=amp, made=engines),
            **asked,
        )
    notes = dict.fromkeys(note for engine in engines for note in engine.notes)
    return Measured(values=costs, notes=list(notes))


def _maker(job: Job, *, amp: torch.dtype | None, made: list[Engine]) -> Callable[[], Engine]:
    """Return what makes engines of the entry's kind, and keeps them for their notes."""

    def make() -> Engine:
        made.append(settings.engine(job.engine, device=job.device, amp=amp))
        return made[-1]

    return make
