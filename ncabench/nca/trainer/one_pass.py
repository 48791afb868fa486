"""Trains a one-pass network to make images whole."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.distance import Distance, distance
from ncabench.nca.model import OnePass as OnePassModel
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.repair import repair_batch
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.trainer import Trainer
from ncabench.nca.trainer._counts import check_counts


class OnePass(Trainer):
    """Maps seeds, damaged images and images of another class to the target, and descends.

    A classification maps intact images to class scores.

    Source: ours; NCAtorch prints U-Net rows in table 1 without a recipe (decision 8).

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration.
        loss: distance from the task's lesson, averaged over channels and cells, or for the
            cross entropy ``"pixel_ce"`` over cells.
        damage_radius: least and greatest normalised radius of the disc erased.
        clip_norm: greatest global norm of the gradient; None does not clip.

    Raises:
        ValueError: a count, the disc or the clipping is out of range.

    >>> OnePass.version
    1
    """

    def __init__(
        self,
        model: OnePassModel,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 18,
        loss: Literal["mse", "l1", "pixel_ce"] = "mse",
        damage_radius: tuple[float, float] = (0.0, 0.5),
        clip_norm: float | None = 1.0,
    ) -> None:
        check_counts(iterations=iterations, batch=batch)
        super().__init__(model, draws, engine)
        self.model, self.task = model, task
        self.iterations, self.batch = iterations, batch
        self.distance: Distance = distance(loss)
        self.damage = RandomDisc(radius=damage_radius)
        self.forward = engine.faster(model)
        self.descent = Descent(
            model.parameters(),
            optimiser=optimiser,
            schedule=schedule,
            iterations=iterations,
            clip_norm=clip_norm,
            amp=engine.amp,
            captured=engine.captures,
        )

    def decide(self) -> None:
        """Set the learning rate; all iterations do the same."""
        self.model.train()
        self.descent.prepare(self.iteration)

    def work(self, decided: None) -> dict[str, Tensor]:  # noqa: ARG002 -- the contract's
        samples = torch.arange(self.batch, device=self.device) + self.clock * self.batch
        batch = repair_batch(self.task, self.draws, samples=samples, damage=self.damage)
        with self.engine.autocast():
            image = self.forward(batch.image, batch.condition)
        loss = self.distance(image.to(batch.target.dtype), batch.target)
        self.descent.backward(loss)
        norm = self.descent.step()
        return {"loss": loss.detach(), "gradient_norm": norm.detach()}

    def state_dict(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "descent": self.descent.state_dict(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.model.load_state_dict(saved["model"])
        self.descent.load_state_dict(saved["descent"])
