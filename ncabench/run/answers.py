"""What whole answers and a training cost, as a paper's tables of costs print them.

All is plain PyTorch, as `ncabench.run.plain` writes it. In this order: for each batch the
memory of an answer, then its time; then memory and time of a training iteration; then the
memory of answers again, while the gradients and the optimiser's state of that training are
alive. Memory is that of the process: weights, data and optimisers included.

Where the device's memory ends, nothing more is measured, and what was before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ncabench.nca.model import Automaton, Model
from ncabench.nca.task import Task
from ncabench.run import failure, memory, plain
from ncabench.run.failure import Failure
from ncabench.run.precision import flags
from ncabench.run.timing import Blocks, time_blocks
from ncabench.run.workload import Action, Workload, plain_inference

Values = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is measured; the fields of `[profile]` that matter here."""

    answers: tuple[int, ...]
    warm_up: int = 5
    blocks: int = 15
    steps_per_block: int = 16
    train_batch: int = 0
    train_steps: int = 32
    train_blocks: int = 0
    precision: str = ""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was measured, and why no more; None where that is all."""

    values: Values
    failed: Failure | None = None


def answers(model: Model, task: Task, asked: Asked, *, device: torch.device) -> Answered:
    """Measure a model; its weights change.

    Source: none; the order of measuring is ours, the quantities are those of NCAtorch's
    tables 2 and 6.

    Args:
        model: moved to ``device``.
        task: moved to ``device``.
        asked: what is measured.
        device: where.

    Returns:
        For each batch N, under ``inference/batch_N/``: ``ms`` of an answer, of an automaton
        ``ms_per_step`` without encoding and decoding, of a latent one ``encode_ms`` and
        ``decode_ms``, each with ``_iqr``; and the peaks ``allocated``, ``reserved`` and
        ``device_used`` as ``peak_allocated_mib`` and so on, on a CPU ``peak_rss_mib``. The
        peaks again under ``trained/batch_N/``. Of a training ``training/ms_per_iteration``
        and its peaks. ``steps`` of an automaton.
    """
    meter = _Meter(model=model.to(device), task=task.to(device), asked=asked, device=device)
    values: Values = {"steps": float(asked.train_steps)} if meter.automaton else {}
    with flags(asked.precision) if asked.precision else nullcontext():
        for name, phase in meter.phases():
            try:
                found = phase()
            except Exception as error:  # running out of memory is a result
                failed = failure.classify(error)
                if failed.outcome != "oom":
                    raise
                return Answered(
                    values=values, failed=Failure("oom", f"{name}: {failed.reason}")
                )
            values |= {f"{name}/{value}": number for value, number in found.items()}
    return Answered(values=values)


@dataclass(kw_only=True)
class _Meter:
    """Measures one phase after another; the optimisers live from the training on."""

    model: Model
    task: Task
    asked: Asked
    device: torch.device
    optimisers: list[torch.optim.Adam] = field(default_factory=list)

    @property
    def automaton(self) -> bool:
        return isinstance(self.model, Automaton)

    def phases(self) -> Iterator[tuple[str, Callable[[], Values]]]:
        """Yield the name of each phase, and what measures it."""
        for batch in self.asked.answers:
            yield f"inference/batch_{batch}", lambda: self._inference(batch)  # noqa: B023 -- called at once
        if not self.asked.train_batch:
            return
        yield "training", self._training
        for batch in self.asked.answers:
            yield (
                f"trained/batch_{batch}",
                lambda: self._peaks(plain.answer(self._load(batch))),  # noqa: B023 -- called at once
            )

    def _inference(self, batch: int) -> Values:
        load = self._load(batch)
        action = plain.answer(load)
        found = self._peaks(action) | _spread("ms", self._timed(action))
        if self.automaton:
            short = self._load(batch, steps=self.asked.steps_per_block)
            stepping = self._timed(plain_inference(short)).per(short.steps)
            found |= _spread("ms_per_step", stepping)
        return found | self._coding(load)

    def _coding(self, load: Workload) -> Values:
        """Return what encoding and decoding cost, where the automaton has another grid."""
        model, given = load.model, load.given
        if not isinstance(model, Automaton) or load.layout == load.task.layout:
            return {}
        with torch.no_grad():
            code: Tensor = model.begin(given)
            encoding = self._timed(lambda: model.begin(given))
            decoding = self._timed(lambda: model.end(code))
        return _spread("encode_ms", encoding) | _spread("decode_ms", decoding)

    def _training(self) -> Values:
        self.optimisers = plain.optimisers(self.model)
        action = plain.iteration(self._load(self.asked.train_batch), self.optimisers)
        blocks = self.asked.train_blocks or self.asked.blocks
        return self._peaks(action) | _spread(
            "ms_per_iteration", self._timed(action, blocks=blocks)
        )

    def _load(self, batch: int, *, steps: int = 0) -> Workload:
        many = steps or self.asked.train_steps
        return Workload(model=self.model, task=self.task, batch=batch, steps=many)

    def _timed(self, action: Action, *, blocks: int = 0) -> Blocks:
        return time_blocks(
            action,
            device=self.device,
            warm_up=self.asked.warm_up,
            blocks=blocks or self.asked.blocks,
        )

    def _peaks(self, action: Action) -> Values:
        return memory.peak(action, device=self.device).named("mib")


def _spread(name: str, timed: Blocks) -> Values:
    return {name: timed.median, f"{name}_iqr": timed.iqr}
