"""Trains on corrupted images under a curriculum, as LNCA does its pixel models."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.similarity import negative_psnr
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.once import as_automaton
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.task.restoration import Restoration as RestorationTask
from ncabench.nca.trainer._corrupted import Corrupted, insist_on_images


class Restoration(Corrupted):
    """Rolls out a batch of corrupted images, compares with the whole ones, and descends.

    Corruptions are as strong as the task says for the epoch; the training is ``epochs`` of
    them, of equal length. With a pool ``replacing``, a batch has two optimiser steps, which
    are two iterations: one from seed states, one from states of the pool. The loss is
    ``reconstruction`` times the error of the last state plus ``overflow`` times how far hidden
    channels leave [-1, 1] and answers [0, 1]. Each weight tensor's gradient is divided by its
    norm. Weights are validated by SSIM on images held out, with the tests' corruption.

    A model of one pass is trained alike: it answers in one step whatever ``steps`` says, and
    is never given states of a pool, so that every iteration is a batch.

    Source: LNCA, "Training Procedure"; weights of the losses, NAFNet's and Restormer's losses,
    the gradient's norms and the schedule's horizon are those of its code. Batches are drawn
    with replacement here; there each epoch goes through all images.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        loss: the error: ``"l1"``, the mean absolute one, or ``"psnr"``, minus PSNR in dB,
            averaged over images.
        reconstruction: weight of the error.
        overflow: weight of the penalty on values out of range.
        pool: where every other batch comes from; None starts every one from the seed.
        normalise_gradients: divide each weight tensor's gradient by its norm.
        epochs: of the curriculum, 20 in the text and 10 in the code's defaults.
        horizon: what the schedule is sized by: ``"batches"``, as published, so that a model
            with two optimiser steps for a batch does not change in the second half; or
            ``"steps"``, the optimiser steps.
        keep: the weights that are left: ``"best"``, of the highest SSIM, or ``"last"``.
        validate_every: iterations between validations; there is one after the last, too.
        validation_steps: automaton steps of a validation.
        validation_batch: images of a validation at a time; a part of a batch that is left is
            not looked at.
        validation_images: the first so many are validated on; None takes all.

    Raises:
        ValueError: as ``rollout``; a number is too small, or images are smaller than 11 px.
        TypeError: the task has no corrupted images.

    >>> Restoration.version
    1
    """

    version = 1

    def __init__(
        self,
        model: Automaton | OnePass,
        task: RestorationTask,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 8,
        steps: tuple[int, int] = (8, 33),
        loss: Literal["l1", "psnr"] = "l1",
        reconstruction: float = 100.0,
        overflow: float = 100.0,
        pool: Pool | None = None,
        normalise_gradients: bool = True,
        epochs: int = 20,
        horizon: Literal["batches", "steps"] = "batches",
        keep: Literal["best", "last"] = "best",
        validate_every: int = 1000,
        validation_steps: int = 64,
        validation_batch: int = 32,
        validation_images: int | None = None,
    ) -> None:
        once = isinstance(model, OnePass)
        stepped = as_automaton(model, task.layout)
        super().__init__(
            stepped,
            insist_on_images(task),
            draws,
            engine,
            kept=model,
            iterations=iterations,
            optimiser=optimiser,
            schedule=schedule,
            batch=batch,
            steps=(1, 2) if once else steps,
            overflow=overflow,
            pool=None if once else pool,
            normalise_gradients=normalise_gradients,
            epochs=epochs,
            horizon=horizon,
            keep=keep,
            validate_every=validate_every,
            validation_steps=1 if once else validation_steps,
            validation_batch=validation_batch,
            validation_images=validation_images,
        )
        self.reconstruction = reconstruction
        if loss == "psnr":
            self.distance = negative_psnr

    def _losses(self, final: Tensor, labels: Tensor, samples: Tensor) -> dict[str, Tensor]:
        parts = super()._losses(final, labels, samples)
        error, beyond = parts["image_loss"], parts["overflow"]
        return {**parts, "loss": self.reconstruction * error + self.overflow * beyond}
