"""What the two passes of a training cost by themselves: forward, then backward.

All is plain PyTorch: eager, masks of ``torch.rand``. Forward is a rollout from the seed state
with gradients and the mean squared error of its answer; backward is the gradient of that with
regard to all weights. Each has clocks of its own, one after the other in the same iteration.
Memory is taken before, of whole iterations: both passes, and a step of Adam.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint_sequential

from ncabench.nca.fusion import fused_rollout
from ncabench.nca.model import Automaton, Model
from ncabench.nca.task import Task
from ncabench.run import failure, memory
from ncabench.run.answers import Answered, Values
from ncabench.run.precision import flags
from ncabench.run.timing import Blocks, lap
from ncabench.run.workload import LEARNING_RATE, Workload, stepped


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is measured; the fields of `[profile]` that matter here."""

    train_batch: int
    train_steps: int
    segments: int = 0
    fusion: bool = False
    warm_up: int = 5
    blocks: int = 15
    precision: str = ""


def passes(model: Model, task: Task, asked: Asked, *, device: torch.device) -> Answered:
    """Measure a model; its weights change.

    With segments, activations of all but the last one are dropped and computed again in the
    backward pass, by PyTorch's own checkpointing of sequences, which keeps the state of the
    generator of masks. With fusion, the rollout is `ncabench.nca.fusion.fused_rollout`.

    Source: ViTCA, appendix A.4, table 8; A.1 for fusion.

    Args:
        model: moved to ``device``.
        task: moved to ``device``.
        asked: what is measured.
        device: where.

    Returns:
        ``forward/ms`` and ``backward/ms`` (medians), each with ``_iqr``; their sum
        ``training/ms``; of whole iterations ``training/peak_allocated_gb``, ``_reserved_gb``
        and ``device_used_gb``, on a CPU ``training/peak_rss_gb``, a GB being 2**30 bytes; and
        ``steps`` of an automaton.

    Raises:
        ValueError: a model of one pass is to be cut into segments, or fused.
    """
    iteration = _Iteration(
        Workload(
            model=model.to(device),
            task=task.to(device),
            batch=asked.train_batch,
            steps=asked.train_steps,
        ),
        asked,
    )
    values: Values = {"steps": float(asked.train_steps)} if iteration.stepped else {}
    with flags(asked.precision) if asked.precision else nullcontext():
        try:
            peak = memory.peak(iteration.whole, device=device)
            forward, backward = _timed(iteration, asked, device=device)
        except Exception as error:  # running out of memory is a result
            failed = failure.classify(error)
            if failed.outcome != "oom":
                raise
            return Answered(values=values, failed=failed)
    values |= {f"training/{name}": size for name, size in peak.named("gb").items()}
    for name, timed in (("forward", forward), ("backward", backward)):
        values |= {f"{name}/ms": timed.median, f"{name}/ms_iqr": timed.iqr}
    return Answered(values={**values, "training/ms": forward.median + backward.median})


class _Iteration:
    """A training iteration whose passes can be taken one by one."""

    def __init__(self, load: Workload, asked: Asked) -> None:
        self.stepped = isinstance(load.model, Automaton)
        if not self.stepped and (asked.segments or asked.fusion):
            raise ValueError("a model of one pass has no rollout to cut into segments or fuse")
        self._load, self._asked = load, asked
        self._model = load.model.train()
        self._start = load.start
        self._condition = load.task.condition(load.labels)
        self._target = load.task.target(load.labels)
        self._optimiser = torch.optim.Adam(self._model.parameters(), lr=LEARNING_RATE)
        self._loss: Tensor | None = None

    def forward(self) -> None:
        answer = self._load.shown(self._rolled())
        self._loss = F.mse_loss(answer, self._target)

    def backward(self) -> None:
        assert self._loss is not None
        torch.autograd.backward(self._loss)
        self._loss = None  # what the pass kept is free again

    def whole(self) -> None:
        """Take both passes, and descend."""
        self.forward()
        self.backward()
        self.descend()

    def descend(self) -> None:
        self._optimiser.step()
        self._optimiser.zero_grad()

    def _rolled(self) -> Tensor:
        load, asked = self._load, self._asked
        if asked.fusion:
            return self._fused()
        if not asked.segments:
            return stepped(self._model, self._start, self._condition, steps=load.passes)
        step: Callable[[Tensor], Tensor] = self._step
        start = self._start.detach().requires_grad_()  # or nothing would be computed again
        last: Tensor = checkpoint_sequential(  # type: ignore[no-untyped-call]
            [step] * load.steps, min(asked.segments, load.steps), start, use_reentrant=False
        )
        return last

    def _step(self, state: Tensor) -> Tensor:
        return stepped(self._model, state, self._condition, steps=1)

    def _fused(self) -> Tensor:
        load, model = self._load, self._model
        assert isinstance(model, Automaton)
        batch, _, height, width = self._start.shape
        drawn = torch.rand(load.steps, batch, 1, height, width, device=self._start.device)

        def roll(
            model: Automaton,
            state: Tensor,
            *,
            condition: Tensor | None,
            masks: Tensor | None,
            segments: int = 0,  # noqa: ARG001 -- there are none
        ) -> Tensor:
            for mask in masks if masks is not None else ():
                state = model.step(state, condition=condition, mask=mask)
            return state

        return fused_rollout(
            roll,
            model,
            self._start,
            layout=load.layout,
            condition=self._condition,
            masks=drawn < model.fire_rate,
        )


def _timed(
    iteration: _Iteration, asked: Asked, *, device: torch.device
) -> tuple[Blocks, Blocks]:
    """Return the times of both passes, in as many iterations as there are blocks."""
    for _ in range(asked.warm_up):
        iteration.whole()
    forward, backward = [], []
    for _ in range(asked.blocks):
        forward.append(lap(iteration.forward, device=device).ms)
        backward.append(lap(iteration.backward, device=device).ms)
        iteration.descend()
    return Blocks(ms=tuple(forward)), Blocks(ms=tuple(backward))
