"""What trainers that roll an automaton out have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.fires import Fires
from ncabench.nca.losses.distance import Distance, distance
from ncabench.nca.model import Automaton
from ncabench.nca.objective import Objective
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.trainer import Trainer
from ncabench.nca.trainer._counts import check_counts


class Rolling(Trainer):
    """Batches of seeds, some from a pool, and their rollouts.

    Args:
        model: what is rolled out.
        task: what it should become.
        draws: where chance comes from.
        engine: what rolls it out.
        iterations: optimiser steps.
        batch: grids per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        loss: what compares an answer with a lesson.
        pool: where part of each batch comes from; None starts every sample from the seed.
        segments: parts of a rollout whose activations are computed again; 0 keeps all.

    Raises:
        ValueError: ``steps`` is empty, or a count is out of range.
    """

    def __init__(
        self,
        model: Automaton,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        batch: int,
        steps: tuple[int, int],
        loss: Literal["mse", "l1", "pixel_ce"] | Objective,
        pool: Pool | None,
        segments: int,
    ) -> None:
        check_counts(iterations=iterations, batch=batch)
        if not 1 <= steps[0] < steps[1]:
            raise ValueError(f"steps: [least, end] must be 1 <= least < end, not {list(steps)}")
        super().__init__(model, draws, engine)
        self.model, self.task = model, task
        self.iterations, self.batch, self.steps = iterations, batch, steps
        self.distance: Distance = self._distance(loss)
        self.pool, self.segments = pool, segments
        if pool is not None:
            own: Layout = getattr(model, "layout", task.layout)
            pool.prepare(
                self._fresh(self._samples()),
                frozen=own.frozen,
                faster=engine.faster if engine.captures else None,
            )

    def _distance(self, loss: Literal["mse", "l1", "pixel_ce"] | Objective) -> Distance:
        """Return what compares an answer with a lesson; on the meta device, not ready."""
        if not isinstance(loss, Objective):
            return distance(loss)
        loss.check(self.task.layout)
        if self.device.type != "meta":
            loss.prepare(self.device)
        return partial(loss, draws=self.draws, index=self.clock)

    def _length(self, purpose: str = "train") -> int:
        """Return the number of steps of this iteration's rollout for a purpose."""
        low, high = self.steps
        return self.draws.integer(f"{purpose}/steps", low=low, high=high, index=self.iteration)

    def _pooled(self) -> int:
        """Return how many samples of this iteration the pool may give."""
        if self.pool is None:
            return 0
        return self.pool.count(self.batch, iteration=self.iteration, iterations=self.iterations)

    def _samples(self) -> Tensor:
        return torch.arange(self.batch, device=self.device) + self.clock * self.batch

    def _fresh(self, samples: Tensor) -> Batch:
        labels = self.task.training_labels(samples, draws=self.draws)
        seed = self.task.seed_state(labels, samples=samples, draws=self.draws)
        return Batch(state=self.model.begin(seed), labels=labels)

    def _mixed(self, fresh: Batch, *, pooled: int) -> Batch:
        if self.pool is None:
            return fresh
        return self.pool.mix(fresh, count=pooled, clock=self.clock, draws=self.draws)

    def _told(self, labels: Tensor, samples: Tensor) -> Tensor | None:  # noqa: ARG002 -- a hook
        """Return what an automaton is told of ``samples (B,)``: the task's condition."""
        return self.task.condition(labels)

    def _roll(
        self, batch: Batch, samples: Tensor, *, steps: int, purpose: str = "train"
    ) -> Tensor:
        """Return the state of a batch after ``steps``; fire masks and noise are a purpose's."""
        _, *shape = batch.state.shape
        masks = self._fires(samples, shape, steps=steps, purpose=purpose)
        noises = None
        if self.model.noise:
            noises = self._noises(samples, shape, steps=steps, purpose=purpose)
        return self.engine.rollout(
            self.model,
            batch.state,
            condition=self._told(batch.labels, samples),
            masks=masks,
            noises=noises,
            segments=self.segments,
        )

    def _drawn(self, steps: int) -> range:
        """Return the steps to draw for: one length for all where shapes had better stay."""
        return range(self.steps[1] - 1 if self.engine.captures else steps)

    def _fires(
        self, samples: Tensor, shape: Sequence[int], *, steps: int, purpose: str = "train"
    ) -> Tensor | Fires:
        """Return which cells update, in ``steps`` steps on a grid of ``shape``."""
        return Fires(
            draws=self.draws,
            purpose=f"{purpose}/fire",
            samples=samples,
            steps=self._drawn(steps),
            height=shape[1],
            width=shape[2],
            rate=self.model.fire_rate,
            last=steps,
        )

    def _noises(
        self, samples: Tensor, shape: Sequence[int], *, steps: int, purpose: str = "train"
    ) -> Tensor:
        drawn = self.draws.normal(
            f"{purpose}/noise",
            samples=samples,
            steps=self._drawn(steps),
            cells=math.prod(shape),
        )
        return drawn[:, :steps].transpose(0, 1).reshape(steps, len(samples), *shape)
