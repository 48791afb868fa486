"""Trains the automaton of LNCA between an encoder and a decoder that are frozen."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.overflow import overflow as overflow_loss
from ncabench.nca.model._restoring import Restoring
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.task.restoration import Restoration as RestorationTask
from ncabench.nca.trainer._corrupted import Corrupted, insist_on_images


class LatentRestoration(Corrupted):
    """Rolls out latent images of corrupted ones, and descends by latent and decoded error.

    As ``restoration``, but for what follows. The loss is ``reconstruction`` times the mean
    squared error of the decoded image, plus ``latent`` times that of the latent one, from the
    whole image's, plus ``overflow`` times how far hidden channels leave [-1, 1] and output
    channels [0, 1]. The decoder is told the skip connection of the corrupted image, also of
    a pool's. The autoencoder does not change.

    Source: LNCA, "Neural Cellular Automata Training"; weights and switches are those of its
    code.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        length: how often their number is drawn: for each ``"step"`` of the optimiser (the
            text), or once for the whole training (``"trace"``), one for fresh batches and one
            for those of the pool, as the code does without meaning to.
        reconstruction: weight of the decoded image's error.
        latent: weight of the latent image's.
        overflow: weight of the penalty on values out of range.
        pool: where every other batch comes from; None starts every one from the seed.
        normalise_gradients: as in ``restoration``.
        epochs: of the curriculum, which begins anew in this stage.
        horizon: as in ``restoration``.
        keep: likewise; LNCA's tests have the ``"last"`` weights.
        validate_every: as in ``restoration``.
        validation_steps: likewise.
        validation_batch: likewise.
        validation_images: likewise.

    Raises:
        ValueError: as ``restoration``.
        TypeError: the model restores nothing on a latent grid, or the task has no corrupted
            images.

    >>> LatentRestoration.version
    1
    """

    version = 1
    model: Restoring

    def __init__(
        self,
        model: Restoring,
        task: RestorationTask,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 8,
        steps: tuple[int, int] = (8, 33),
        length: Literal["step", "trace"] = "step",
        reconstruction: float = 100.0,
        latent: float = 100.0,
        overflow: float = 1.0,
        pool: Pool | None = None,
        normalise_gradients: bool = True,
        epochs: int = 20,
        horizon: Literal["batches", "steps"] = "batches",
        keep: Literal["best", "last"] = "last",
        validate_every: int = 1000,
        validation_steps: int = 64,
        validation_batch: int = 32,
        validation_images: int | None = None,
    ) -> None:
        if not isinstance(model, Restoring):
            raise TypeError(f"nothing is restored on a latent grid in a {type(model).__name__}")
        super().__init__(
            model,
            insist_on_images(task),
            draws,
            engine,
            kept=model.core,
            iterations=iterations,
            optimiser=optimiser,
            schedule=schedule,
            batch=batch,
            steps=steps,
            overflow=overflow,
            pool=pool,
            normalise_gradients=normalise_gradients,
            epochs=epochs,
            horizon=horizon,
            keep=keep,
            validate_every=validate_every,
            validation_steps=validation_steps,
            validation_batch=validation_batch,
            validation_images=validation_images,
        )
        self.reconstruction, self.latent, self.length = reconstruction, latent, length

    def _length(self, purpose: str = "train") -> int:
        if self.length == "step":
            return super()._length(purpose)
        low, high = self.steps
        turn = self.iteration % 2 if self.pool is not None else 0
        return self.draws.integer(f"{purpose}/traced", low=low, high=high, index=turn)

    def _losses(self, final: Tensor, labels: Tensor, samples: Tensor) -> dict[str, Tensor]:
        true = self.task.lesson(labels)
        answer = self._seen(final, samples)[:, self.task.layout.visible_slice]
        with torch.no_grad():
            wanted = self.model.autoencoder.encode(true)
        error = F.mse_loss(answer, true)
        latent = F.mse_loss(final[:, self.model.layout.visible_slice], wanted)
        beyond = overflow_loss(final, layout=self.model.layout)
        loss = self.reconstruction * error + self.latent * latent + self.overflow * beyond
        return {"loss": loss, "image_loss": error, "latent_loss": latent, "overflow": beyond}
