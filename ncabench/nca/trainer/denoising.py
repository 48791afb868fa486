"""Trains on masked images under a curriculum, and keeps the weights that validate best."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.fires import drawn
from ncabench.nca.fusion import fusable, fused_rollout
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.once import as_automaton
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.state import Layout
from ncabench.nca.task import _masking as masking
from ncabench.nca.task.denoising import Denoising as DenoisingTask
from ncabench.nca.trainer._best import Best
from ncabench.nca.trainer._validated import Validated, check_interval
from ncabench.nca.trainer._validation import Validation
from ncabench.nca.trainer.rollout import Rollout


class Denoising(Validated, Rollout):
    """Rolls out a batch of masked images, all under one configuration, and descends.

    As ``rollout``, but for four things. The configuration of a fresh batch is drawn from
    those unlocked so far, all alike; there is one at first, and one more after each
    threshold. The loss is ``reconstruction`` times the mean absolute error plus ``overflow``
    times how far hidden channels leave [-1, 1] and answers [0, 1], of the last state alone.
    Each weight tensor's gradient is divided by its norm. And the weights that are left are
    those of the lowest validation loss: the mean absolute error over images held out, each
    batch of which has a configuration and masks of its own, the same at every validation.

    A model of one pass is trained alike: it answers in one step whatever ``steps`` says, is
    never given states of a pool, and has no hidden channels to penalise.

    Source: ViTCA, section 4.1, algorithm 1 and its appendix, which leave the two weights
    open; its code for them, for the order of the configurations and for the validation.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        reconstruction: weight of the error.
        overflow: weight of the penalty on values out of range.
        pool: where some batches come from; None starts every one from the seed.
        unlock: the first and the last threshold, as shares of ``iterations``, of the
            geometric sequence after whose terms there is one configuration more.
        normalise_gradients: divide each weight tensor's gradient by its norm.
        accumulation: parts that a batch is split into, to save memory.
        checkpointing: compute activations again in the backward pass, of half as many parts
            of a rollout as it has steps.
        fusion: take most steps of a rollout on a grid of a quarter of the cells (see
            `ncabench.nca.fusion`); validations and tests do not.
        validate_every: iterations between validations; there is one after the last, too.
        validation_steps: automaton steps of a validation.
        validation_batch: images of a validation that share a configuration; a part of a
            batch that is left is not looked at.
        validation_images: the first so many are validated on; None takes all.

    Raises:
        ValueError: as ``rollout``; shares do not rise, a number is too small, or cells
            cannot be fused, since steps are too few or sides are odd.
        TypeError: the task has no masks.

    >>> Denoising.version
    1
    """

    version = 1
    task: DenoisingTask

    def __init__(
        self,
        model: Automaton | OnePass,
        task: DenoisingTask,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 32,
        steps: tuple[int, int] = (8, 33),
        reconstruction: float = 100.0,
        overflow: float = 100.0,
        pool: Pool | None = None,
        unlock: tuple[float, float] = (0.005, 0.1),
        normalise_gradients: bool = True,
        accumulation: int = 1,
        checkpointing: bool = False,
        fusion: bool = False,
        validate_every: int = 1000,
        validation_steps: int = 64,
        validation_batch: int = 32,
        validation_images: int | None = None,
    ) -> None:
        if not isinstance(task, DenoisingTask):
            raise TypeError(f"there are no masks in a {type(task).__name__}")
        once = isinstance(model, OnePass)
        stepped = as_automaton(model, task.layout)
        limits = masking.thresholds(iterations=iterations, unlock=unlock)
        self.thresholds = torch.tensor(limits, device=next(model.parameters()).device)
        super().__init__(
            stepped,
            task,
            draws,
            engine,
            iterations=iterations,
            optimiser=optimiser,
            schedule=schedule,
            batch=batch,
            steps=(1, 2) if once else steps,
            loss="l1",
            overflow=overflow,
            pool=None if once else pool,
            clip_norm=None,
            normalise_gradients=normalise_gradients,
            accumulation=accumulation,
        )
        self.reconstruction, self.checkpointing = reconstruction, checkpointing
        check_interval(validate_every)
        self.grid: Layout = getattr(stepped, "layout", task.layout)
        if fusion:
            fusable(self.grid.height, self.grid.width, steps=self.steps[0])
        self.fusion = fusion
        self.validate_every, self.best = validate_every, Best(stepped)
        self.validation = Validation(
            stepped,
            task,
            self.draws,
            engine,
            steps=1 if once else validation_steps,
            batch=validation_batch,
            images=validation_images,
        )

    def work(self, decided: tuple[int, int]) -> dict[str, Tensor]:
        steps, _ = decided
        self.segments = max(steps // 2, 1) if self.checkpointing else 0
        return super().work(decided)

    def configuration(self) -> Tensor:
        """Return the configuration of this iteration's fresh batch; ``(1,)``, on the device."""
        passed = (self.thresholds < self.clock + 1).sum()
        unlocked = passed.clamp(max=masking.COUNT - 1) + 1
        zero = self.clock.new_zeros(1)
        words = self.draws.words("train/configuration", samples=zero, index=self.clock)
        return words[:, 0, 0] * unlocked >> 32

    def _roll(
        self, batch: Batch, samples: Tensor, *, steps: int, purpose: str = "train"
    ) -> Tensor:
        if not self.fusion:
            return super()._roll(batch, samples, steps=steps, purpose=purpose)
        return fused_rollout(
            self.engine.rollout,
            self.model,
            batch.state,
            layout=self.grid,
            condition=self._told(batch.labels, samples),
            masks=drawn(
                self._fires(samples, batch.state.shape[1:], steps=steps, purpose=purpose)
            ),
            segments=self.segments,
        )

    def _fresh(self, samples: Tensor) -> Batch:
        labels = self.task.labels_under(self.configuration(), samples=samples, draws=self.draws)
        seed = self.task.seed_state(labels, samples=samples, draws=self.draws)
        return Batch(state=self.model.begin(seed), labels=labels)

    def _losses(self, final: Tensor, labels: Tensor, samples: Tensor) -> dict[str, Tensor]:
        parts = super()._losses(final, labels, samples)
        error, beyond = parts["image_loss"], parts["overflow"]
        return {**parts, "loss": self.reconstruction * error + self.overflow * beyond}

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best": self.best.state_dict()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        super().load_state_dict(saved)
        self.best.load_state_dict(saved["best"])
