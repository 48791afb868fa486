"""What frames of an automaton cost, and what its training holds in memory.

A frame is some steps of one grid, then what is seen of it; the next goes on from there. Inside
its clock are masks, steps, rendering, and putting the state in its place. Plain PyTorch draws
masks by ``torch.rand``; an engine draws the project's own, by counter, and where it records
its work a whole frame is one recording. States are of chance and weights untrained, since
costs do not depend on them.

In this order: memory and time of frames by each engine, at each precision and number of steps;
then what one step and one rendering keep for a gradient; then memory and time of a training
iteration, as `ncabench.run.plain` writes it. Where the device's memory ends, or an engine
fails, that phase has no values, and the others are still measured.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.model import Automaton, Model
from ncabench.nca.task import Task
from ncabench.run import failure, memory, plain, settings
from ncabench.run.answers import Answered, Values
from ncabench.run.failure import Failure
from ncabench.run.kept import kept
from ncabench.run.precision import DEFAULT, flags
from ncabench.run.timing import time_blocks
from ncabench.run.workload import Action, Workload, stepped

PLAIN = "plain"
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}  # of all weights and states
Frame = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is measured; the fields of `[profile]` that matter here."""

    frames: tuple[int, ...]
    frame_cells: tuple[int, ...] = ()
    engines: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    warm_up: int = 5
    blocks: int = 15
    train_batch: int = 0
    train_steps: int = 32
    train_blocks: int = 0


@dataclass(frozen=True, kw_only=True)
class Framed(Answered):
    """What was measured, and what became of engines that failed."""

    notes: tuple[str, ...] = ()


def frames(model: Model, task: Task, asked: Asked, *, device: torch.device) -> Framed:
    """Measure an automaton; its weights change.

    Source: none; Cells to Pixels says "in real time" and tells no time. What is in a frame is
    ncabench's.

    Args:
        model: moved to ``device``.
        task: moved to ``device``.
        asked: what is measured.
        device: where.

    Returns:
        For each engine E, precision P and number K of steps, under ``frame/E/P/steps_K/``:
        ``ms`` (median) of a frame with ``ms_iqr``, and the peaks ``peak_allocated_mib`` and so
        on, on a CPU ``peak_rss_mib``. With trainings ``kept/step_mib`` and
        ``kept/render_mib``, as `ncabench.run.kept` counts them for the batch,
        ``training/ms_per_iteration`` with ``_iqr`` and its peaks, and ``steps``.

    Raises:
        ValueError: the model is no automaton, or adds noise.
    """
    if not isinstance(model, Automaton) or getattr(model, "noise", 0.0) > 0:
        raise ValueError(
            f"frames are of an automaton without noise, not of {type(model).__name__}"
        )
    meter = _Meter(model=model.to(device), task=task.to(device), asked=asked, device=device)
    values: Values = {"steps": float(asked.train_steps)} if asked.train_batch else {}
    failed: list[Failure] = []
    for name, phase in meter.phases():
        try:
            found = phase()
        except Exception as error:  # running out of memory is a result, and so is an engine
            one = failure.classify(error)
            if one.outcome == "oom":
                failed.append(Failure("oom", f"{name}: {one.reason}"))
            elif name.startswith("frame/") and not name.startswith(f"frame/{PLAIN}/"):
                meter.notes.append(f"{name}: {one.outcome}: {one.reason.partition(chr(10))[0]}")
            else:
                raise
        else:
            values |= {f"{name}/{value}": number for value, number in found.items()}
        memory.settle(device)  # what a failed phase had is free by now
    notes = tuple(dict.fromkeys(meter.notes))
    return Framed(values=values, failed=failed[0] if failed else None, notes=notes)


def action(
    model: Automaton, task: Task, state: Tensor, *, steps: int, engine: Engine | None
) -> Action:
    """Return what makes the next frame, and keeps the state for the one after it.

    Args:
        model: on the device, as are the others.
        task: says what the model is told.
        state: ``(1, C, h, w)``, of any number of cells; it is written to.
        steps: before the state is seen.
        engine: that compiles and draws; None is plain PyTorch.
    """
    told = task.condition(torch.zeros(1, dtype=torch.int64, device=state.device))
    told = told if told is None else told.to(state.dtype)
    if engine is not None:
        return _by_engine(model, told, state, steps=steps, engine=engine)

    def draw() -> Tensor:
        with torch.no_grad():
            last = stepped(model, state, told, steps=steps)
            state.copy_(last)
            return model.end(last)

    return draw


def _by_engine(
    model: Automaton, told: Tensor | None, state: Tensor, *, steps: int, engine: Engine
) -> Action:
    draws = Draws(0, faster=engine.faster if engine.captures else None)
    sample = torch.zeros(1, dtype=torch.int64, device=state.device)
    height, width = state.shape[-2:]
    faster: Frame = engine.faster(frame_of(model, told))

    def work() -> dict[str, Tensor]:
        with torch.no_grad():
            masks = state.new_ones(0, 1, 1, height, width, dtype=torch.bool)
            if steps:
                masks = draws.masks(
                    "profile/fire",
                    samples=sample,
                    steps=range(steps),
                    height=height,
                    width=width,
                    rate=model.fire_rate,
                )
            sample.add_(1)  # other masks in the next frame
            last, image = faster(state, masks)
            state.copy_(last)
        return {"image": image}

    return lambda: engine.run(work, key=("frame", steps))


def frame_of(model: Automaton, told: Tensor | None) -> Frame:
    """Return a frame as a function: of a state and masks ``(T, 1, 1, h, w)``, no other chance.

    It returns the last state, and what is seen of it.
    """

    def frame(state: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        for mask in masks.unbind(0):
            state = model.step(state, condition=told, mask=mask)
        return state, model.end(state)

    return frame


@dataclass(kw_only=True)
class _Meter:
    """Measures one phase after another."""

    model: Automaton
    task: Task
    asked: Asked
    device: torch.device
    notes: list[str] = field(default_factory=list)
    _halves: dict[str, Automaton] = field(default_factory=dict)

    def phases(self) -> Iterator[tuple[str, Callable[[], Values]]]:
        """Yield the name of each phase, and what measures it."""
        for engine in self.asked.engines or (PLAIN,):
            for precision in self.asked.precisions or (DEFAULT,):
                for steps in self.asked.frames:
                    name = f"frame/{engine}/{precision}/steps_{steps}"
                    yield name, lambda: self._frame(engine, precision, steps)  # noqa: B023 -- called at once
        if self.asked.train_batch:
            yield "kept", lambda: kept(self._load())
            yield "training", self._training

    def _frame(self, engine: str, precision: str, steps: int) -> Values:
        model = self._at(precision)
        with nullcontext() if precision in HALF else flags(precision):
            made = None if engine == PLAIN else self._engine(engine)
            state = self._state(precision)
            drawing = action(model.eval(), self.task, state, steps=steps, engine=made)
            found = self._measured(drawing, "ms", blocks=self.asked.blocks)
        self.notes += made.notes if made else []
        return found

    def _training(self) -> Values:
        iteration = plain.iteration(self._load(), plain.optimisers(self.model))
        blocks = self.asked.train_blocks or self.asked.blocks
        return self._measured(iteration, "ms_per_iteration", blocks=blocks)

    def _measured(self, made: Action, name: str, *, blocks: int) -> Values:
        peak = memory.peak(made, device=self.device).named("mib")
        timed = time_blocks(made, device=self.device, warm_up=self.asked.warm_up, blocks=blocks)
        return {**peak, name: timed.median, f"{name}_iqr": timed.iqr}

    def _engine(self, name: str) -> Engine:
        return settings.engine(name, device=str(self.device), amp=None)

    def _load(self) -> Workload:
        return Workload(
            model=self.model,
            task=self.task,
            batch=self.asked.train_batch,
            steps=self.asked.train_steps,
        )

    def _at(self, precision: str) -> Automaton:
        """Return the model, or its copy in half precision."""
        if precision not in HALF:
            return self.model
        if precision not in self._halves:
            self._halves[precision] = copy.deepcopy(self.model).to(HALF[precision])
        return self._halves[precision]

    def _state(self, precision: str) -> Tensor:
        layout = self._load().layout
        height, width = self.asked.frame_cells or (layout.height, layout.width)
        drawn = torch.rand(1, layout.channels, height, width, device=self.device)
        return drawn.to(HALF.get(precision, torch.float32))
