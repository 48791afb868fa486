"""Trains an automaton whose cells are seen as pixels, by colours, shape and range."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.morphology import beyond, morphology
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.objective import Objective
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Pool
from ncabench.nca.rendering import plane
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.trainer.rollout import Rollout


class PixelRollout(Rollout):
    """Rolls out a batch, and compares what is rendered and where cells live with the lesson.

    As ``rollout``, but that the loss is `ncabench.nca.losses.morphology`, and that it is the
    cells' states, not the pixels, that are kept in a range: from -1 to 1.

    Source: Cells to Pixels, the training of growing, in single precision.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: grids per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        overflow: weight of the penalty on states out of range.
        perceptual: what else compares pixels with the lesson, at weight 1, such as
            ``perceptual``; None does without.
        pool: where part of each batch comes from; None starts every sample from the seed.
        clip_norm: greatest global norm of the gradient; None does not clip.
        normalise_gradients: divide each weight tensor's gradient by its norm, but for the
            decoder's.
        accumulation: parts that a batch is split into, to save memory.
        checkpoint_segments: parts of the rollout whose activations are computed again in
            the backward pass, to save memory; 0 keeps all.

    Raises:
        ValueError: as ``rollout``; what is rendered is not RGBA.
        TypeError: the model has no pixels.

    >>> PixelRollout.version
    2
    """

    version = 2
    model: CellsToPixels

    def __init__(
        self,
        model: CellsToPixels,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 8,
        steps: tuple[int, int] = (32, 96),
        overflow: float = 100.0,
        perceptual: Objective | None = None,
        pool: Pool | None = None,
        clip_norm: float | None = None,
        normalise_gradients: bool = True,
        accumulation: int = 1,
        checkpoint_segments: int = 0,
    ) -> None:
        if not isinstance(model, CellsToPixels):
            raise TypeError(f"a {type(model).__name__} has no cells that are seen as pixels")
        if task.layout.visible != 4:
            raise ValueError(f"growing is of RGBA, not of {task.layout.visible} channels")
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
            overflow=overflow,
            pool=pool,
            clip_norm=clip_norm,
            normalise_gradients=normalise_gradients,
            accumulation=accumulation,
            checkpoint_segments=checkpoint_segments,
        )
        self.perceptual = None if perceptual is None else self._distance(perceptual)
        self.descent.spare(model.readout.parameters())

    def _losses(self, final: Tensor, labels: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Return the loss of a part of the batch, and what it is made of."""
        fine = plane.interpolated(final, scale=self.model.scale)
        seen, lesson = self._seen(final, samples), self.task.lesson(labels)
        grown = morphology(seen, lesson, fine=fine).mean() / self.parts
        left = beyond(final) / self.parts
        found = {"loss": grown + self.overflow * left, "growth_loss": grown, "overflow": left}
        if self.perceptual is None:
            return found
        alike = self.perceptual(seen, lesson) / self.parts
        return {**found, "loss": found["loss"] + alike, "perceptual_loss": alike}
