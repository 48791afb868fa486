"""Trains an automaton in latent space alone: nothing is decoded."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.model.latent import Latent
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.trainer.rollout import Rollout


class LatentRollout(Rollout):
    """Rolls out a batch, and compares the final state with the code of the task's lesson.

    As ``rollout``, but that the error is of latent channels, and that no value has a range
    to leave.

    Source: NCAtorch, section 3.1.4: the second stage of inpainting, which trains the
    automaton "entirely in latent space" from masked encodings to complete ones.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: grids per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        loss: distance of states from codes, averaged over channels and cells.
        pool: where part of each batch comes from; None starts every sample from the seed.
        clip_norm: greatest global norm of the gradient; None does not clip.
        accumulation: parts that a batch is split into, to save memory.
        checkpoint_segments: parts of the rollout whose activations are computed again in
            the backward pass, to save memory; 0 keeps all.

    Raises:
        ValueError: as ``rollout``.
        TypeError: the model has no latent grid.

    >>> LatentRollout.version
    1
    """

    version = 1
    model: Latent

    def __init__(
        self,
        model: Latent,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 32,
        steps: tuple[int, int] = (20, 25),
        loss: Literal["mse", "l1"] = "mse",
        pool: Pool | None = None,
        clip_norm: float | None = 1.0,
        accumulation: int = 1,
        checkpoint_segments: int = 0,
    ) -> None:
        if not isinstance(model, Latent):
            raise TypeError(f"there is no latent grid in a {type(model).__name__}")
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
            loss=loss,
            pool=pool,
            clip_norm=clip_norm,
            accumulation=accumulation,
            checkpoint_segments=checkpoint_segments,
        )

    def _losses(
        self,
        final: Tensor,
        labels: Tensor,
        samples: Tensor,  # noqa: ARG002 -- of pictures
    ) -> dict[str, Tensor]:
        wanted = self.model.begin(self.task.lesson(labels))
        loss = self.distance(final, wanted) / self.parts
        return {"loss": loss, "latent_loss": loss}
