"""Trains an automaton whose cells are seen as pixels to look like a texture."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.morphology import beyond
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.model.volume_to_pixels import VolumeToPixels
from ncabench.nca.objective import Objective
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.trainer.rollout import Rollout

Rendered = CellsToPixels | MeshToPixels | VolumeToPixels


class TexturedRollout(Rollout):
    """Rolls out a batch, and compares what is rendered with the lesson.

    As ``rollout``, but that it is the cells' states, not the pixels, that are kept in a range:
    from -1 to 1.

    Source: Cells to Pixels, the training of textures on planes, meshes and volumes, in single
    precision.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: grids per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        loss: of a texture an objective, such as ``relaxed_style``; or a distance of pixels.
        overflow: weight of the penalty on states out of range.
        pool: where part of each batch comes from; None starts every sample from the seed.
        clip_norm: greatest global norm of the gradient; None does not clip.
        normalise_gradients: divide each weight tensor's gradient by its norm, but for the
            decoder's.
        accumulation: parts that a batch is split into, to save memory.
        checkpoint_segments: parts of the rollout whose activations are computed again in
            the backward pass, to save memory; 0 keeps all.

    Raises:
        ValueError: as ``rollout``; the objective cannot compare what is rendered.
        TypeError: the model has no pixels.

    >>> TexturedRollout.version
    1
    """

    version = 1
    model: Rendered

    def __init__(
        self,
        model: Rendered,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 2,
        steps: tuple[int, int] = (32, 128),
        loss: Literal["mse", "l1"] | Objective = "mse",
        overflow: float = 100.0,
        pool: Pool | None = None,
        clip_norm: float | None = None,
        normalise_gradients: bool = True,
        accumulation: int = 1,
        checkpoint_segments: int = 0,
    ) -> None:
        if not isinstance(model, Rendered):
            raise TypeError(f"a {type(model).__name__} has no cells that are seen as pixels")
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
            overflow=overflow,
            pool=pool,
            clip_norm=clip_norm,
            normalise_gradients=normalise_gradients,
            accumulation=accumulation,
            checkpoint_segments=checkpoint_segments,
        )
        self.descent.spare(model.readout.parameters())

    def _losses(self, final: Tensor, labels: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Return the loss of a part of the batch, and what it is made of."""
        seen = self._seen(final, samples)
        image = self.distance(seen, self.task.lesson(labels)) / self.parts
        left = beyond(final) / self.parts
        return {"loss": image + self.overflow * left, "image_loss": image, "overflow": left}
