"""What a model costs: milliseconds, memory and energy, in inference and in training.

Inside the clock of inference: for each step of a block, drawing the fire mask with
``torch.rand`` on the device (none where all cells update), drawing noise where the model
adds it, and ``model.step`` without gradients; for a one-pass model one pass counts as one
step. Outside: the seed state and the condition, which every block starts from.

Inside the clock of training: steps with gradients from the seed state (one pass for a
one-pass model), the mean squared error of the visible channels, the backward pass, clipping
to norm 1 and a step of Adam. Outside: data, targets, pools, schedules and logging. It runs
on a copy, so the model's weights stay as they were.

Memory is measured before latency, in a pass of its own. Energy is that of the whole board
over at least two seconds of repeated blocks, in a third pass. Ratios to the reference come
last, in a fourth pass: as many blocks as were timed, each beside one of the reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ncabench.nca.engine import Engine
from ncabench.nca.model import Model
from ncabench.nca.task import Task
from ncabench.run import memory, nvml, workload
from ncabench.run.pace import pace
from ncabench.run.reference import Reference
from ncabench.run.timing import time_blocks
from ncabench.run.workload import Workload

_ENERGY_WINDOW_S = 2.0  # NVML's energy counter moves every 0.02 to 0.1 s


def profile(
    model: Model,
    task: Task,
    *,
    device: torch.device,
    warm_up: int = 5,
    blocks: int = 15,
    steps_per_block: int = 16,
    batch: int = 1,
    train_batch: int = 0,
    train_steps: int = 48,
    engine: Callable[[], Engine] | None = None,
) -> dict[str, float]:
    """Return what a step of inference costs, and on request an iteration of training.

    Without an engine everything is plain PyTorch, eager, at the precision that the caller
    has set: the row that stands for what a paper timed. What is inside the clocks, the
    module tells; of an engine's work, `ncabench.run.workload`.

    Source: none; the recipe (warm-up, then blocks with device events; latency and memory
    apart) is the custom of the field's benchmark harnesses.

    Args:
        model: moved to ``device``.
        task: moved to ``device``.
        device: where to measure.
        warm_up: blocks before the first timed one.
        blocks: timed blocks, and pairs of blocks with the reference.
        steps_per_block: steps in a block of inference.
        batch: samples in inference.
        train_batch: samples in training; 0 leaves training out.
        train_steps: steps in an iteration of training; of a one-pass model not used.
        engine: makes the engine that runs each phase; None is plain PyTorch.

    Returns:
        The values of `_measure` and `_paced` under ``inference/`` per step and under
        ``training/`` per iteration, and ``reference_version``.

    Raises:
        ValueError: a number of blocks, steps or samples is below 1.
    """
    _check(blocks=blocks, steps_per_block=steps_per_block, batch=batch, train_steps=train_steps)
    model, task = model.to(device), task.to(device)
    phases = _phases(
        Workload(model=model, task=task, batch=batch, steps=steps_per_block),
        Workload(model=model, task=task, batch=train_batch, steps=train_steps),
        engine=engine,
    )
    values: dict[str, float] = {}
    for phase in phases:
        values |= _measure(phase, device=device, warm_up=warm_up, blocks=blocks)
    return values | _paced(phases, device=device, blocks=blocks)


@dataclass(frozen=True, kw_only=True)
class _Phase:
    """A use of a model; ``make`` gives the action, made of ``units`` equal units."""

    name: str
    unit: str
    units: int = 1
    make: Callable[[], Callable[[], object]]


def _phases(
    stepped: Workload, trained: Workload, *, engine: Callable[[], Engine] | None
) -> list[_Phase]:
    """Return inference, then training where its batch is not 0."""

    def inference() -> workload.Action:
        if engine is None:
            return workload.plain_inference(stepped)
        return workload.inference(stepped, engine())

    def training() -> workload.Action:
        if engine is None:
            return workload.plain_training(trained)
        return workload.training(trained, engine())

    return [
        _Phase(name="inference", unit="step", units=stepped.steps, make=inference),
        *(
            [_Phase(name="training", unit="iteration", make=training)]
            if trained.batch > 0
            else []
        ),
    ]


def _check(**counts: int) -> None:
    wrong = [
        f"{name} must be 1 or more, not {count}" for name, count in counts.items() if count < 1
    ]
    if wrong:
        raise ValueError("; ".join(wrong))


def _measure(
    phase: _Phase, *, device: torch.device, warm_up: int, blocks: int
) -> dict[str, float]:
    """Return what a unit costs; what cannot be measured is absent, never 0.

    ``ms_per_step`` or ``ms_per_iteration`` (median of blocks) and the same with ``_iqr``,
    ``peak_allocated_mib``, ``peak_reserved_mib``, ``device_used_mib``,
    ``energy_j_per_step`` or ``_per_iteration``; on a CPU ``peak_rss_mib``.
    """
    action, unit, units = phase.make(), phase.unit, phase.units
    peak = memory.peak(action, device=device)
    timed = time_blocks(action, device=device, warm_up=warm_up, blocks=blocks).per(units)
    found = {
        f"ms_per_{unit}": timed.median,
        f"ms_per_{unit}_iqr": timed.iqr,
        **peak.named("mib"),
        f"energy_j_per_{unit}": _energy_j(action, device=device, units=units),
    }
    return _known(phase, found)


def _paced(phases: Sequence[_Phase], *, device: torch.device, blocks: int) -> dict[str, float]:
    """Return how units stand to those of the reference: its step, or its iteration.

    ``ratio_to_reference`` (median of pairs) and the same with ``_iqr``, ``reference_ms``;
    on a CPU ``cpu_ratio_to_reference``, of the processor's time, and ``reference_cores``,
    below the number of threads where other processes took turns.
    """
    reference = Reference(device=device)
    values = {"reference_version": float(reference.version)}
    for phase in phases:
        training = phase.name == "training"
        beside = reference.training if training else reference.inference
        beside_units = 1 if training else reference.steps
        paced = pace(phase.make(), beside, device=device, warm_up=1, blocks=blocks)
        share = beside_units / phase.units
        found = {
            "ratio_to_reference": paced.ratio * share,
            "ratio_to_reference_iqr": paced.ratio_iqr * share,
            "cpu_ratio_to_reference": paced.cpu_ratio and paced.cpu_ratio * share,
            "reference_ms": paced.reference_ms / beside_units,
            "reference_cores": paced.reference_cores,
        }
        values |= _known(phase, found)
    return values


def _known(phase: _Phase, found: Mapping[str, float | None]) -> dict[str, float]:
    return {f"{phase.name}/{name}": value for name, value in found.items() if value is not None}


def _energy_j(
    action: Callable[[], object], *, device: torch.device, units: int
) -> float | None:
    if device.type != "cuda":
        return None
    with nvml.opened(device) as gpu:
        torch.cuda.synchronize(device)
        before, start, calls = gpu.energy_j(), time.perf_counter(), 0
        while before is not None and time.perf_counter() - start < _ENERGY_WINDOW_S:
            action()
            torch.cuda.synchronize(device)
            calls += 1
        after = gpu.energy_j()
    if before is None or after is None or after <= before:
        return None
    return (after - before) / (calls * units)
