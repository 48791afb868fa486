"""Runs an evaluation entry: a trained model through a protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.protocol import Measured
from ncabench.nca.task import Task
from ncabench.plan import assemble
from ncabench.run import filmstrip
from ncabench.run.behind import weights
from ncabench.run.job import Job
from ncabench.run.outcome import write_whole
from ncabench.run.resolution import EAGER
from ncabench.run.result import Result

CURVES = "curves.json"
SAMPLES = "samples.json"


def evaluate(job: Job, *, engine: Engine) -> Result:
    """Measure what the entry asks for of the weights that its training left, if there are any.

    Raises:
        NoData: a metric's trained weights are not here.
        Diverged: a state stopped being finite.
        RecordError: the training's weights are missing or do not fit.
        EngineFailed: the engine could not be made to run the model.
    """
    started = time.monotonic()
    metrics = build_metrics(job.spec["metrics"], device=job.device)
    model, task = _trained(job, "training")
    protocol = catalog.build("protocol", job.spec["protocol"])
    if job.donor is not None:
        donor, about = _trained(job, "donor")
        protocol.receive(_under(engine, donor), about)
    perturbation = catalog.build("perturbation", job.spec["perturbation"])
    draws = Draws(job.spec["rng_seed"])
    tested = _under(engine, model)
    with engine.autocast():
        measured = protocol(tested, task, perturbation, metrics, draws)
    return Result(
        values=dict(measured.values),
        artifacts=_write(measured, job),
        seconds=time.monotonic() - started,
        warnings=list(engine.notes),
    )


def _trained(job: Job, name: str) -> tuple[Model, Task]:
    """Return a model with the weights that its training left, and what it was trained on."""
    parts = assemble.assemble(job.spec[name], root=job.data_root)
    model, task = parts.model.to(job.device), parts.task.to(job.device)
    if model.state_dict():
        model.load_state_dict(weights(job, name))
    return model, task


def _under(engine: Engine, model: Model) -> Model:
    """Return what the engine steps for a model; a model of one pass has no steps."""
    if isinstance(model, Automaton):
        return engine.inference(model)
    if engine.name != EAGER:
        engine.notes.append("a model of one pass is tested in plain PyTorch")
    return model


def build_metrics(specs: Mapping[str, Any], *, device: str) -> dict[str, Metric]:
    """Return the metrics of an entry, by the suite's names for them."""
    return {
        name: catalog.build("metric", spec).to(device).eval() for name, spec in specs.items()
    }


def _write(measured: Measured, job: Job) -> list[str]:
    curves = {name: asdict(curve) for name, curve in measured.curves.items()}
    _write_json(job, CURVES, curves)
    _write_json(job, SAMPLES, measured.samples)
    names = [CURVES, SAMPLES]
    for name, frames in measured.frames.items():
        file = f"filmstrip-{name}.png"
        filmstrip.save(frames, steps=measured.frame_steps[name], path=job.folder / file)
        names.append(file)
    return names


def _write_json(job: Job, name: str, content: Any) -> None:
    write_whole(job.folder / name, json.dumps(content, allow_nan=False).encode())
