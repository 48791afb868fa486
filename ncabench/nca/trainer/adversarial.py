"""Trains a one-pass network against a critic of image patches."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.distance import Distance, class_planes, distance
from ncabench.nca.model.gan import GAN
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.repair import RepairBatch, repair_batch
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.trainer import Trainer
from ncabench.nca.trainer._counts import check_counts


class Adversarial(Trainer):
    """Descends the generator on L1 and on fooling the critic, then the critic, in turn.

    Where class scores are answered, the cross entropy of each cell stands in the place of L1,
    and the critic judges probabilities beside the one-hot planes that they should be.

    Source: Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017, equation 4 with weight 100; NCAtorch prints GAN rows in table 1
    without a recipe (decision 8).

    Args:
        iterations: optimiser steps of each of the two.
        optimiser: how the generator's weights change.
        critic_optimiser: how the critic's do.
        schedule: factor on both learning rates.
        batch: images per iteration.
        l1: weight of the distance (the mean absolute error, or the cross entropy) beside the
            adversarial loss.
        damage_radius: least and greatest normalised radius of the disc erased.
        clip_norm: greatest global norm of either gradient; None does not clip.

    Raises:
        ValueError: a count, the disc or the clipping is out of range.

    >>> Adversarial.version
    1
    """

    def __init__(
        self,
        model: GAN,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        critic_optimiser: Optimiser,
        schedule: Schedule,
        batch: int = 18,
        l1: float = 100.0,
        damage_radius: tuple[float, float] = (0.0, 0.5),
        clip_norm: float | None = None,
    ) -> None:
        check_counts(iterations=iterations, batch=batch)
        super().__init__(model, draws, engine)
        self.model, self.task = model, task
        self.iterations, self.batch, self.l1 = iterations, batch, l1
        self.classifies = not task.layout.visible
        self.distance: Distance = distance("pixel_ce" if self.classifies else "l1")
        self.damage = RandomDisc(radius=damage_radius)
        shared: dict[str, Any] = {
            "schedule": schedule,
            "iterations": iterations,
            "clip_norm": clip_norm,
            "amp": engine.amp,
            "captured": engine.captures,
        }
        self.generator = Descent(model.generator.parameters(), optimiser=optimiser, **shared)
        self.critic = Descent(model.critic.parameters(), optimiser=critic_optimiser, **shared)
        self.forward = engine.faster(model)
        self.scores = engine.faster(model.scores)

    def decide(self) -> None:
        """Set both learning rates; all iterations do the same."""
        self.model.train()
        self.generator.prepare(self.iteration)
        self.critic.prepare(self.iteration)

    def work(self, decided: None) -> dict[str, Tensor]:  # noqa: ARG002 -- the contract's
        samples = torch.arange(self.batch, device=self.device) + self.clock * self.batch
        batch = repair_batch(self.task, self.draws, samples=samples, damage=self.damage)
        with self.engine.autocast():
            image = self.forward(batch.image, batch.condition)
        scalars = self._descend_generator(image, batch)
        return scalars | self._descend_critic(image.detach(), batch)

    def _descend_generator(self, image: Tensor, batch: RepairBatch) -> dict[str, Tensor]:
        apart = self.distance(image.float(), batch.target)
        fooling = self._judged(self._plausible(image), batch.condition, real=True)
        loss = self.l1 * apart + fooling
        self.generator.backward(loss)
        norm = self.generator.step()
        scalars = {"loss": loss, "l1": apart, "fooling": fooling, "gradient_norm": norm}
        return {name: value.detach() for name, value in scalars.items()}

    def _descend_critic(self, image: Tensor, batch: RepairBatch) -> dict[str, Tensor]:
        self.critic.optimizer.zero_grad(set_to_none=True)  # what the generator's pass left
        real = self._judged(self._ideal(batch.target), batch.condition, real=True)
        false = self._judged(self._plausible(image), batch.condition, real=False)
        loss = (real + false) / 2
        self.critic.backward(loss)
        self.critic.step()
        return {"critic_loss": loss.detach()}

    def _plausible(self, answer: Tensor) -> Tensor:
        """Return what the critic sees of an answer: probabilities of class scores."""
        return answer.softmax(dim=1) if self.classifies else answer

    def _ideal(self, target: Tensor) -> Tensor:
        """Return what the critic sees of a target: for each cell the class that it is of."""
        if not self.classifies:
            return target
        return class_planes(target).to(target.dtype, memory_format=torch.contiguous_format)

    def _judged(self, image: Tensor, condition: Tensor | None, *, real: bool) -> Tensor:
        with self.engine.autocast():
            scores = self.scores(image, condition).float()
        wanted = torch.full_like(scores, float(real))
        return F.binary_cross_entropy_with_logits(scores, wanted)

    def state_dict(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "generator": self.generator.state_dict(),
            "critic": self.critic.state_dict(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.model.load_state_dict(saved["model"])
        self.generator.load_state_dict(saved["generator"])
        self.critic.load_state_dict(saved["critic"])
