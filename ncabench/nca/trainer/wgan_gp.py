"""Trains an automaton against a critic: Wasserstein distance with a gradient penalty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ncabench.nca.critic import Critic
from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.gradient_penalty import gradient_penalty
from ncabench.nca.losses.overflow import overflow as overflow_loss
from ncabench.nca.model import Automaton
from ncabench.nca.objective import Objective
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.state import spread
from ncabench.nca.task import Task
from ncabench.nca.trainer._rolling import Rolling
from ncabench.nca.weights import initialise


class WganGp(Rolling):
    """Rolls out a batch for the critic, then again for the automaton, and descends both.

    An iteration has two rollouts of one batch, each of its own random length and with its own
    fire masks and noise. On the final states of the first, for which no gradient is taken, the
    critic D descends ``D(shown) - D(lesson) + penalty_weight * penalty``. On those of the
    second, which the pool then stores, the automaton descends ``reconstruction_weight *
    distance - adversarial_weight * D(shown)``, and what ``overflow`` weighs. Each D above is
    the mean over samples and over their maps of scores; the penalty holds the slope of the sum
    of a map at 1. The critic sees what an answer shows (a latent automaton's is decoded), and
    above it the planes of the condition, where there is one.

    The critic is computed in the weights' own precision also where rollouts are not, and its
    weights are part of a training's state, and not of the model.

    Source: NCAtorch, section 3.1.3; Gulrajani et al., "Improved Training of Wasserstein GANs",
    NIPS 2017, algorithm 1 and equation 3, here with one step of the critic for each of the
    generator. What one batch is used for, and what becomes of a map of scores, is NCAtorch's
    code's; the defaults are its shipped recipe of edges to handbags, but for ``overflow``,
    which its code multiplies by the weight of the distance.

    Args:
        iterations: optimiser steps of each of the two.
        optimiser: how the automaton's weights change.
        critic: the network held against it.
        critic_optimiser: how the critic's weights change.
        schedule: factor on the learning rate.
        critic_schedule: likewise, the critic's; None takes the automaton's.
        batch: grids per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        loss: the distance from the task's lesson, as the trainer ``rollout`` has it.
        reconstruction_weight: of the distance.
        adversarial_weight: of the critic's word.
        penalty_weight: of the gradient penalty.
        overflow: weight of the penalty on values out of range.
        pool: where part of each batch comes from; None starts every sample from the seed.
        clip_norm: greatest global norm of either gradient; None does not clip.
        checkpoint_segments: parts of the automaton's rollout whose activations are computed
            again in the backward pass, to save memory; 0 keeps all.

    Raises:
        ValueError: ``steps`` is empty, a count or the clipping is out of range, or the critic
            cannot judge such images.

    >>> WganGp.version
    1
    """

    def __init__(
        self,
        model: Automaton,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        iterations: int,
        optimiser: Optimiser,
        critic: Critic,
        critic_optimiser: Optimiser,
        schedule: Schedule,
        critic_schedule: Schedule | None = None,
        batch: int = 32,
        steps: tuple[int, int] = (20, 25),
        loss: Literal["mse", "l1", "pixel_ce"] | Objective = "l1",
        reconstruction_weight: float = 0.1,
        adversarial_weight: float = 1.0,
        penalty_weight: float = 10.0,
        overflow: float = 1.0,
        pool: Pool | None = None,
        clip_norm: float | None = 1.0,
        checkpoint_segments: int = 0,
    ) -> None:
        super().__init__(
            model,
            task,
            draws,
            engine,
            iterations=iterations,
            batch=batch,
            steps=steps,
            loss=loss,
            pool=pool,
            segments=checkpoint_segments,
        )
        self.reconstruction_weight = reconstruction_weight
        self.adversarial_weight = adversarial_weight
        self.penalty_weight, self.overflow = penalty_weight, overflow
        self.critic = self._built(critic, draws)
        shared: dict[str, Any] = {
            "iterations": iterations,
            "clip_norm": clip_norm,
            "amp": engine.amp,
            "captured": engine.captures,
        }
        self.descent = Descent(
            model.parameters(), optimiser=optimiser, schedule=schedule, **shared
        )
        self.critic_descent = Descent(
            self.critic.parameters(),
            optimiser=critic_optimiser,
            schedule=critic_schedule or schedule,
            **shared,
        )

    def _built(self, critic: Critic, draws: Draws) -> nn.Module:
        """Return the critic's network on the training's device, with its first weights."""
        layout = self.task.layout
        seen = (layout.visible or layout.classes) + layout.condition
        with torch.device("meta"):
            network = critic.make(seen, height=layout.height, width=layout.width)
        if self.device.type != "meta":
            network.to(next(self.model.parameters()).dtype).to_empty(device=self.device)
            initialise(nn.ModuleDict({"critic": network}), draws)
        return network.requires_grad_(False)

    def advance(self) -> dict[str, Tensor]:
        """Do one iteration, the critic's part first; see the contract.

        The two are run one after the other, so that an engine records each once for each
        length of its own rollout, and not for each pair of lengths.
        """
        steps, pooled = self._decide_for_the_critic()
        judged = self.engine.run(
            lambda: self._descend_critic(steps=steps, pooled=pooled),
            key=("critic", steps, pooled),
        )
        held = {name: value.clone() for name, value in judged.items()}  # until the next call
        return {**super().advance(), **held}

    def _decide_for_the_critic(self) -> tuple[int, int]:
        self.model.train()
        self.critic_descent.prepare(self.iteration)
        return self._length("train/critic"), self._pooled()

    def decide(self) -> tuple[int, int]:
        """Return the number of steps, and how many samples the pool may give."""
        self.model.train()
        self.descent.prepare(self.iteration)
        return self._length(), self._pooled()

    def work(self, decided: tuple[int, int]) -> dict[str, Tensor]:
        """Descend the automaton, and store where it came to."""
        steps, pooled = decided
        samples = self._samples()
        batch = self._mixed(self._fresh(samples), pooled=pooled)
        with self.engine.autocast():
            final = self._roll(batch, samples, steps=steps)
        seen = self.model.end(final)
        answer = seen[:, self.task.layout.answer_slice]
        image = self.distance(answer, self.task.lesson(batch.labels))
        told = self._told(batch.labels, samples)
        fooling = -self.critic(_judged(answer, told)).mean()
        beyond = overflow_loss(seen, layout=self.task.layout)
        loss = (
            self.reconstruction_weight * image
            + self.adversarial_weight * fooling
            + self.overflow * beyond
        )
        self.descent.backward(loss)
        norm = self.descent.step()
        if self.pool is not None:
            self.pool.commit(Batch(state=final.detach(), labels=batch.labels))
        scalars = {"loss": loss, "image_loss": image, "fooling": fooling, "overflow": beyond}
        scalars["gradient_norm"] = norm
        return {name: value.detach() for name, value in scalars.items()}

    def _descend_critic(self, *, steps: int, pooled: int) -> dict[str, Tensor]:
        """Descend the critic; whatever is drawn for the batch is what `work` draws again."""
        samples = self._samples()
        batch = self._mixed(self._fresh(samples), pooled=pooled)
        with torch.no_grad():
            with self.engine.autocast():
                final = self._roll(batch, samples, steps=steps, purpose="train/critic")
            shown = self.model.end(final)[:, self.task.layout.answer_slice]
        told = self._told(batch.labels, samples)
        false, real = _judged(shown, told), _judged(self.task.lesson(batch.labels), told)
        share = self.draws.uniform("train/critic/interpolation", samples=samples).flatten()
        with _learning(self.critic):
            apart = self.critic(false).mean() - self.critic(real).mean()
            penalty = gradient_penalty(self.critic, real, false, share=share)
            loss = apart + self.penalty_weight * penalty
            self.critic_descent.backward(loss)
            norm = self.critic_descent.step()
        scalars = {"critic_loss": loss, "wasserstein": -apart, "gradient_penalty": penalty}
        scalars["critic_gradient_norm"] = norm
        return {name: value.detach() for name, value in scalars.items()}

    def state_dict(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "descent": self.descent.state_dict(),
            "critic": self.critic.state_dict(),
            "critic_descent": self.critic_descent.state_dict(),
            "pool": None if self.pool is None else self.pool.state_dict(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.model.load_state_dict(saved["model"])
        self.descent.load_state_dict(saved["descent"])
        self.critic.load_state_dict(saved["critic"])
        self.critic_descent.load_state_dict(saved["critic_descent"])
        if self.pool is not None:
            self.pool.load_state_dict(saved["pool"])


def _judged(images: Tensor, told: Tensor | None) -> Tensor:
    """Return what a critic sees: images, and above them the planes of the condition."""
    if told is None:
        return images
    height, width = images.shape[-2:]
    planes = spread(told, height=height, width=width).to(images.dtype)
    return torch.cat([images, planes], dim=1)


@contextmanager
def _learning(critic: nn.Module) -> Iterator[None]:
    """Let gradients reach a critic's weights, which otherwise are none of the loss's."""
    critic.requires_grad_(True)
    try:
        yield
    finally:
        critic.requires_grad_(False)
