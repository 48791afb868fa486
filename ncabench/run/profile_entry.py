"""Runs a profile entry: what a model costs at its task's size."""

from __future__ import annotations

import time

import torch

from ncabench.plan import assemble
from ncabench.run.job import Job
from ncabench.run.profile import profile
from ncabench.run.result import Result


def profile_entry(job: Job, *, amp: torch.dtype | None) -> Result:
    """Measure time, memory and energy of an untrained model; weights do not change them."""
    started = time.monotonic()
    parts = assemble.assemble(job.spec, root=job.data_root)
    device = torch.device(job.device)
    with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
        costs = profile(parts.model, parts.task, device=device, **job.spec["profile"])
    return Result(
        values={"parameters": float(parts.parameters), **costs},
        artifacts=[],
        seconds=time.monotonic() - started,
    )
