"""Runs a profile entry: what a model costs at its task's size."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from ncabench.nca.engine import Engine
from ncabench.plan import assemble
from ncabench.plan.assemble import Assembled
from ncabench.run import answers, frames, passes, settings, trainings
from ncabench.run.answers import Answered
from ncabench.run.benchmark import Asked, benchmark, precisions
from ncabench.run.job import Job
from ncabench.run.overhead import overheads
from ncabench.run.profile import profile
from ncabench.run.result import Result


def profile_entry(job: Job, *, amp: torch.dtype | None) -> Result:
    """Measure time, memory and energy of an untrained model; weights do not change them.

    Where the entry names engines, these are measured beside one another; where it names
    batches of answers, whole answers and a training are; where it asks for passes, those of
    a training; where it names batches of trainings, image restoration is; where it names
    frames, those and a training are; else a step of one engine is: plain PyTorch, or another
    engine where the entry asks for it.
    """
    started = time.monotonic()
    parts = assemble.assemble(job.spec, root=job.data_root)
    found = _measure(job, parts, amp=amp)
    values = {"parameters": float(parts.parameters), **found.values}
    return replace(found, values=values, seconds=time.monotonic() - started)


def _measure(job: Job, parts: Assembled, *, amp: torch.dtype | None) -> Result:
    device = torch.device(job.device)
    asked: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one
        for name, one in job.spec["profile"].items()
    }
    if asked.get("frames"):
        return _frames(parts, asked, device=device, amp=amp)
    if asked.get("engines"):
        return _contest(job, parts, asked, device=device)
    if asked.get("answers"):
        return _answers(parts, asked, device=device, amp=amp)
    if asked.get("passes"):
        return _passes(parts, asked, device=device, amp=amp)
    if asked.get("trainings"):
        return _trainings(parts, asked, device=device, amp=amp)
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
    return _result(costs, warnings=list(notes))


def _contest(
    job: Job, parts: Assembled, asked: dict[str, Any], *, device: torch.device
) -> Result:
    """Return what engines cost beside one another, and on request what the harness does."""
    harness = asked.pop("harness", False)
    terms = Asked(**asked)
    found = benchmark(parts.model, parts.task, terms, device=device)
    values, notes = found.values, found.notes
    if harness:
        more, further = overheads(
            job,
            engine="compiled",
            precisions=precisions(terms, device=device)[0],
            batch=terms.train_batch,
            steps=terms.train_steps,
            rounds=terms.blocks,
        )
        values, notes = values | more, notes + further
    versions = {"versions": found.versions} if found.versions else {}
    return replace(_result(values, warnings=notes), environment=versions)


def _answers(
    parts: Assembled,
    asked: Mapping[str, Any],
    *,
    device: torch.device,
    amp: torch.dtype | None,
) -> Result:
    """Return what whole answers cost."""
    given = {name: value for name, value in asked.items() if name != "batch"}
    with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
        found = answers.answers(parts.model, parts.task, answers.Asked(**given), device=device)
    return _answered(found)


def _passes(
    parts: Assembled,
    asked: Mapping[str, Any],
    *,
    device: torch.device,
    amp: torch.dtype | None,
) -> Result:
    """Return what the passes of a training cost."""
    names = ("passes", "batch", "steps_per_block")
    given = {name: value for name, value in asked.items() if name not in names}
    with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
        found = passes.passes(parts.model, parts.task, passes.Asked(**given), device=device)
    return _answered(found)


def _trainings(
    parts: Assembled,
    asked: Mapping[str, Any],
    *,
    device: torch.device,
    amp: torch.dtype | None,
) -> Result:
    """Return what image restoration costs in training and in inference."""
    names = ("batch", "train_batch", "steps_per_block")
    given = {name: value for name, value in asked.items() if name not in names}
    terms = trainings.Asked(**given)
    with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
        found = trainings.trainings(parts.model, parts.task, terms, device=device)
    return _answered(found)


def _frames(
    parts: Assembled,
    asked: Mapping[str, Any],
    *,
    device: torch.device,
    amp: torch.dtype | None,
) -> Result:
    """Return what frames cost, and a training."""
    names = ("batch", "steps_per_block")
    terms = frames.Asked(**{name: one for name, one in asked.items() if name not in names})
    with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
        found = frames.frames(parts.model, parts.task, terms, device=device)
    return replace(_answered(found), warnings=list(found.notes))


def _answered(found: Answered) -> Result:
    """Return the entry's result; where memory ended, with what was measured before."""
    if found.failed is None:
        return _result(found.values)
    failed = found.failed
    return replace(_result(found.values), outcome=failed.outcome, reason=failed.reason)


def _result(values: dict[str, float], *, warnings: Sequence[str] = ()) -> Result:
    return Result(values=values, artifacts=[], seconds=0.0, warnings=list(warnings))


def _maker(job: Job, *, amp: torch.dtype | None, made: list[Engine]) -> Callable[[], Engine]:
    """Return what makes engines of the entry's kind, and keeps them for their notes."""

    def make() -> Engine:
        made.append(settings.engine(job.engine, device=job.device, amp=amp))
        return made[-1]

    return make
