"""What trainers have in common that restore images under LNCA's curriculum."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.similarity import WINDOW_PX, structural_similarity
from ncabench.nca.model import Automaton
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.task.restoration import Restoration
from ncabench.nca.trainer._best import Best
from ncabench.nca.trainer._carried import rolled
from ncabench.nca.trainer._held_out import RolledOut
from ncabench.nca.trainer._validated import Validated, check_interval
from ncabench.nca.trainer.rollout import Rollout

Horizon = Literal["batches", "steps"]


class Curriculum:
    """How strong corruptions are, iteration by iteration, on the device.

    A training is as many epochs of equal length, whatever its number of iterations.

    Args:
        task: has the strengths.
        epochs: of the training.
        iterations: likewise.
        device: where strengths are asked for.

    Raises:
        ValueError: ``epochs`` is below 1.
    """

    def __init__(
        self, task: Restoration, *, epochs: int, iterations: int, device: torch.device
    ) -> None:
        if epochs < 1:
            raise ValueError(f"epochs must be at least 1, not {epochs}")
        self.epochs, self.iterations = epochs, max(iterations, 1)
        self.strengths = torch.tensor(task.strengths(epochs=epochs), device=device)

    def at(self, clock: Tensor) -> Tensor:
        """Return the strength of an iteration, ``(1,)``.

        Args:
            clock: the iteration, of no dimension, on the device.
        """
        epoch = (clock * self.epochs // self.iterations).clamp(max=self.epochs - 1)
        return self.strengths.index_select(0, epoch.view(1))


class Unlikeness(RolledOut):
    """One less the SSIM of what an automaton makes of corrupted images that were held out.

    Source: LNCA's code, which keeps the weights of the best SSIM in a validation; that
    corruptions and what fires are the same every time is ncabench's.

    Args:
        model: whose answers are compared.
        task: has the images.
        draws: as `RolledOut`.
        engine: likewise.
        steps: likewise.
        batch: likewise.
        images: likewise.
    """

    def __init__(
        self,
        model: Automaton,
        task: Restoration,
        draws: Draws,
        engine: Engine,
        *,
        steps: int,
        batch: int,
        images: int | None,
    ) -> None:
        super().__init__(
            model,
            draws,
            engine,
            held_out=task.validations,
            steps=steps,
            batch=batch,
            images=images,
        )
        self.task = task

    def _loss(self, samples: Tensor) -> Tensor:
        labels = self.task.validation_labels(samples)
        seed = self.task.seed_state(labels, samples=samples, draws=self.draws)
        seen = self.model.end(self._rolled(self.model.begin(seed), samples))
        answer, true = seen[:, self.task.layout.visible_slice], self.task.target(labels)
        return 1 - structural_similarity(answer.to(true.dtype), true).mean()


class Corrupted(Validated, Rollout):
    """Rollouts from corrupted images; the two steps of a batch are two iterations.

    Args:
        model: what is rolled out.
        task: has the images.
        draws: where chance comes from.
        engine: what rolls out.
        kept: the part of the model whose best weights are kept.
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        overflow: weight of the penalty on values out of range.
        pool: where every other batch comes from, or None.
        normalise_gradients: divide each weight tensor's gradient by its norm.
        epochs: of the curriculum.
        horizon: what the schedule is sized by.
        keep: the weights that are left.
        validate_every: iterations between validations.
        validation_steps: automaton steps of a validation.
        validation_batch: images of a validation at a time.
        validation_images: the first so many are validated on; None takes all.
    """

    task: Restoration

    def __init__(
        self,
        model: Automaton,
        task: Restoration,
        draws: Draws,
        engine: Engine,
        *,
        kept: nn.Module,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int,
        steps: tuple[int, int],
        overflow: float,
        pool: Pool | None,
        normalise_gradients: bool,
        epochs: int,
        horizon: Horizon,
        keep: Literal["best", "last"],
        validate_every: int,
        validation_steps: int,
        validation_batch: int,
        validation_images: int | None,
    ) -> None:
        self.curriculum = Curriculum(
            task, epochs=epochs, iterations=iterations, device=next(model.parameters()).device
        )
        super().__init__(
            model,
            task,
            draws,
            engine,
            iterations=iterations,
            optimiser=optimiser,
            schedule=schedule,
            batch=batch,
            steps=steps,
            loss="l1",
            overflow=overflow,
            pool=pool,
            clip_norm=None,
            normalise_gradients=normalise_gradients,
        )
        check_interval(validate_every)
        self.descent.iterations = horizon_of(iterations, horizon, twice=pool is not None)
        self.keep, self.validate_every, self.best = keep, validate_every, Best(kept)
        self.validation = Unlikeness(
            model,
            task,
            self.draws,
            engine,
            steps=validation_steps,
            batch=validation_batch,
            images=validation_images,
        )

    def _fresh(self, samples: Tensor) -> Batch:
        strength = self.curriculum.at(self.clock)
        labels = self.task.labels_under(strength, samples=samples, draws=self.draws)
        seed = self.task.seed_state(labels, samples=samples, draws=self.draws)
        return Batch(state=self.model.begin(seed), labels=labels)

    def _roll(
        self, batch: Batch, samples: Tensor, *, steps: int, purpose: str = "train"
    ) -> Tensor:
        shape = batch.state.shape[1:]
        return rolled(
            self.engine,
            self.model,
            batch.state,
            condition=None,
            masks=self._fires(samples, shape, steps=steps, purpose=purpose),
            noises=self._noises(samples, shape, steps=steps, purpose=purpose)
            if self.model.noise
            else None,
        )

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best": self.best.state_dict()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        super().load_state_dict(saved)
        self.best.load_state_dict(saved["best"])


def horizon_of(iterations: int, horizon: Horizon, *, twice: bool) -> int:
    """Return the number of iterations that a schedule is sized by.

    LNCA's code sizes it by the number of batches; where a batch has two optimiser steps, the
    learning rate so ends in the middle of the training.

    >>> [horizon_of(10, horizon, twice=True) for horizon in ("batches", "steps")]
    [5, 10]
    """
    return max(iterations // 2, 1) if twice and horizon == "batches" else iterations


def insist_on_images(task: Task) -> Restoration:
    """Return a task of corrupted images, large enough for the window of SSIM.

    Raises:
        TypeError: the task has none.
        ValueError: a side is shorter than the window.
    """
    if not isinstance(task, Restoration):
        raise TypeError(f"there are no corrupted images in a {type(task).__name__}")
    layout = task.layout
    if min(layout.height, layout.width) < WINDOW_PX:
        raise ValueError(
            f"images must have sides of {WINDOW_PX} px or more, to be validated by SSIM, "
            f"not {layout.height} x {layout.width}"
        )
    return task
