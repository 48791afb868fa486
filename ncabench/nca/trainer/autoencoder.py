"""Trains the autoencoder of a latent automaton on seed states and targets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.autoencoder import Reconstruction
from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.overflow import overflow as overflow_loss
from ncabench.nca.model.latent import Latent
from ncabench.nca.objective import Objective
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.schedule import Schedule
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.trainer import Trainer
from ncabench.nca.trainer._counts import check_counts


class AutoencoderTraining(Trainer):
    """Descends the autoencoder's error on images that the automaton will start from or reach.

    Half of a batch are the visible channels of seed states, the other half the targets of the
    same samples. The loss is the mean squared error, the overflow loss of the image, what
    ``features`` finds between the images, and the autoencoder's own penalties. The
    autoencoder's weights are frozen outside of an iteration, and no others change.

    Source: NCAtorch, section 3.1.4 and appendix A.2 (an autoencoder trained first, then
    frozen); batches, losses and optimiser are those of its code.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration, an even number.
        overflow: weight of the penalty on values outside [0, 1].
        features: compares images as a network sees them, or None.
        terms: ``"mean"`` adds all as they are; ``"sum"`` weighs the features and the penalties
            against the sum of an image's squared errors, all being divided by the number of
            its values, so that the loss keeps the scale of a mean.
        restart_every: every so many iterations of the first half, codes that have stood for no
            cell since are put where cells are; 0 never. See `Codebook.restart`; it is
            ncabench's, as in Dhariwal et al., "Jukebox", 2020, section 3.2, but that cells far
            from all codes are likelier.
        ramp: iterations over which the autoencoder's penalties grow from 0 to their weight.
        clip_norm: greatest global norm of the gradient; None does not clip.

    Raises:
        ValueError: ``batch`` is odd, or a count, ``ramp``, ``restart_every`` or the clipping is
            out of range.
        TypeError: the model has no autoencoder, or that has no codes to restart.

    >>> AutoencoderTraining.version
    1
    """

    version = 1

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
        batch: int = 16,
        overflow: float = 1.0,
        features: Objective | None = None,
        terms: Literal["mean", "sum"] = "mean",
        ramp: int = 0,
        restart_every: int = 0,
        clip_norm: float | None = 1.0,
    ) -> None:
        check_counts(iterations=iterations, batch=batch)
        if batch % 2:
            raise ValueError(f"batch: half are seeds and half targets, so even, not {batch}")
        if ramp < 0 or restart_every < 0:
            raise ValueError(
                f"ramp and restart_every must be at least 0, not {ramp} and {restart_every}"
            )
        if not isinstance(model, Latent):
            raise TypeError(f"there is no autoencoder in a {type(model).__name__}")
        super().__init__(model, draws, engine)
        self.model, self.task, self.coder = model, task, model.autoencoder
        self.iterations, self.batch = iterations, batch
        self.overflow, self.features, self.terms, self.ramp = overflow, features, terms, ramp
        self.restart_every, self.used = restart_every, self._no_codes(restart_every)
        self.image = Layout(
            height=task.layout.height,
            width=task.layout.width,
            visible=task.layout.visible,
        )
        self.descent = Descent(
            self.coder.parameters(),
            optimiser=optimiser,
            schedule=schedule,
            iterations=iterations,
            clip_norm=clip_norm,
            amp=engine.amp,
            captured=engine.captures,
        )
        if features is not None:
            features.check(task.layout)
        if features is not None and self.device.type != "meta":
            features.prepare(self.device)

    def trained(self) -> dict[str, nn.Parameter]:
        named = self.coder.named_parameters()
        return {f"autoencoder.{name}": weight for name, weight in named}

    def _no_codes(self, restart_every: int) -> Tensor | None:
        """Return which codes have been used so far, none, where that is kept."""
        if not restart_every:
            return None
        count = self.coder.code_count
        if not count:
            raise TypeError(f"there are no codes to restart in a {type(self.coder).__name__}")
        return torch.zeros(count, dtype=torch.bool, device=self.device)

    def decide(self) -> bool:
        """Set the learning rate, and return whether codes are restarted."""
        self.model.train()
        self.descent.prepare(self.iteration)
        every, now = self.restart_every, self.iteration
        return bool(every) and now > 0 and now % every == 0 and now < self.iterations // 2

    def work(self, decided: bool) -> dict[str, Tensor]:
        half = self.batch // 2
        samples = torch.arange(half, device=self.device) + self.clock * half
        images = self._images(samples)
        with _taught(self.coder):
            with self.engine.autocast():
                again = self.coder(images, noise=self._noise(images, samples))
            scalars = self._losses(images, again)
            self.descent.backward(scalars["loss"])
        norm = self.descent.step()
        if self.used is not None and again.used is not None:
            self.used |= again.used
            if decided:
                self._restart(images, self.used)
        detached = {name: value.detach() for name, value in scalars.items()}
        return {**detached, "gradient_norm": norm.detach()}

    def _restart(self, images: Tensor, used: Tensor) -> None:
        cells = images[0, 0].numel() // self.coder.compression**2 * len(images)
        first = torch.zeros(1, dtype=torch.int64, device=self.device)
        drawn = self.draws.uniform(
            "train/restart", samples=first, cells=cells, index=self.clock
        )
        self.coder.restart(images, unused=~used, uniform=drawn[0, 0].to(images.dtype))
        used.zero_()

    def _images(self, samples: Tensor) -> Tensor:
        labels = self.task.training_labels(samples, draws=self.draws)
        seed = self.task.seed_state(labels, samples=samples, draws=self.draws)
        return torch.cat([seed[:, self.task.layout.visible_slice], self.task.target(labels)])

    def _noise(self, images: Tensor, samples: Tensor) -> Tensor | None:
        if not self.coder.draws:
            return None
        factor = self.coder.compression
        _, _, height, width = images.shape
        grid = (self.coder.latent_channels, height // factor, width // factor)
        both = torch.cat([2 * samples, 2 * samples + 1])  # a seed and its target differ
        cells = grid[0] * grid[1] * grid[2]
        drawn = self.draws.normal("train/autoencoder", samples=both, cells=cells)
        return drawn.view(-1, *grid).to(images.dtype)

    def _losses(self, images: Tensor, again: Reconstruction) -> dict[str, Tensor]:
        """Return the loss and what it is made of."""
        share = 1 / images[0].numel() if self.terms == "sum" else 1.0
        made = again.image.to(images.dtype)
        error = F.mse_loss(made, images)
        beyond = overflow_loss(made, layout=self.image)
        scalars = {"image_loss": error, "overflow": beyond, **again.penalties}
        loss = error + self.overflow * beyond
        if self.features is not None:
            apart = self.features(made, images, draws=self.draws, index=self.clock)
            scalars["features"] = apart * share
            loss = loss + scalars["features"]
        penalty = torch.stack([one.to(loss.dtype) for one in again.penalties.values()]).sum()
        loss = loss + self._grown() * share * penalty
        if again.used is not None:
            scalars["codes_used"] = again.used.sum().to(loss.dtype)
        return {"loss": loss, **scalars}

    def _grown(self) -> Tensor | float:
        """Return the share of their weight that penalties have reached."""
        return (self.clock / self.ramp).clamp(max=1.0) if self.ramp else 1.0

    def state_dict(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "descent": self.descent.state_dict(),
            "used": self.used,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.model.load_state_dict(saved["model"])
        self.descent.load_state_dict(saved["descent"])
        if self.used is not None:
            self.used.copy_(saved["used"])


@contextmanager
def _taught(part: nn.Module) -> Iterator[None]:
    """Let a frozen part of a model have gradients for a while."""
    part.requires_grad_(True)
    try:
        yield
    finally:
        part.requires_grad_(False)
