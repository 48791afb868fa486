"""Trains LNCA's autoencoder to keep what is wrong with an image out of what it skips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.similarity import structural_similarity
from ncabench.nca.model._restoring import Restoring
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.schedule import Schedule
from ncabench.nca.task.restoration import Restoration as RestorationTask
from ncabench.nca.trainer._best import Best
from ncabench.nca.trainer._corrupted import Curriculum, horizon_of, insist_on_images
from ncabench.nca.trainer._counts import check_counts
from ncabench.nca.trainer._held_out import HeldOut
from ncabench.nca.trainer._validated import Validated, check_interval


class SkipAutoencoder(Validated):
    """Descends an autoencoder by two losses in turn, on whole, corrupted and other images.

    Images of a batch are *anchors* A, whole; *positives* P, the same corrupted; *negatives*
    N, the anchors in an order in which none is where it was. D(z, s) decodes a latent image z
    and a skip connection s; a mask is 1 where P differs from A, and masked errors are means
    over all values. A batch has two optimiser steps, which are two iterations:

    - ``reconstruction`` times the mean squared error of all three images, plus ``contrast``
      times what the squared distance of A's and P's latent images exceeds that of A's and N's
      by, less ``margin``, 0 where that is negative, plus ``corrupted`` times the masked
      squared error of P;
    - ``exchange`` times the masked squared errors of P from D(zP, sA) and of A from
      D(zA + e, sP), where e is normal noise.

    A, P and N are encoded and decoded each by themselves, so that batch norms see one kind
    at a time. Each weight tensor's gradient is divided by its norm. Weights that are left are
    those of the best SSIM in a validation: of A, P and N, which there is A again. The
    automaton does not change.

    Source: LNCA, "Autoencoder Training"; weights, margin, noise and switches are those of its
    code. That negatives are one cycle in random order, and batches drawn with replacement,
    is ncabench's.

    Args:
        iterations: optimiser steps, two for each batch.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: images per iteration, at least 2.
        reconstruction: weight of the error of all images.
        contrast: weight of what latent images should differ by.
        corrupted: weight of the masked error.
        exchange: weight of the errors with exchanged skip connections.
        margin: by how much more latent images of different images should differ.
        noise: standard deviation of e.
        normalise_gradients: divide each weight tensor's gradient by its norm.
        epochs: of the curriculum.
        horizon: what the schedule is sized by: ``"batches"``, as published, so that weights
            do not change in the second half; or ``"steps"``, the optimiser steps.
        validate_every: iterations between validations; there is one after the last, too.
        validation_batch: images of a validation at a time; a part of a batch that is left is
            not looked at.
        validation_images: the first so many are validated on; None takes all.

    Raises:
        ValueError: a count is out of range, or images are smaller than 11 px.
        TypeError: the model has no autoencoder with a skip connection, or the task has no
            corrupted images.

    >>> SkipAutoencoder.version
    1
    """

    version = 1

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
        reconstruction: float = 100.0,
        contrast: float = 10.0,
        corrupted: float = 10.0,
        exchange: float = 100.0,
        margin: float = 1.0,
        noise: float = 0.5,
        normalise_gradients: bool = True,
        epochs: int = 20,
        horizon: Literal["batches", "steps"] = "batches",
        validate_every: int = 1000,
        validation_batch: int = 32,
        validation_images: int | None = None,
    ) -> None:
        check_counts(iterations=iterations, batch=batch)
        if batch < 2:
            raise ValueError(f"batch: negatives are other images, so at least 2, not {batch}")
        coder = getattr(model, "autoencoder", None)
        if not isinstance(model, Restoring) or not isinstance(coder, Skip):
            raise TypeError(
                f"there is no autoencoder with a skip connection in a {type(model).__name__}"
            )
        super().__init__(model, draws, engine)
        self.model, self.task, self.coder = model, insist_on_images(task), coder
        self.iterations, self.batch = iterations, batch
        self.reconstruction, self.contrast, self.corrupted = reconstruction, contrast, corrupted
        self.exchange, self.margin, self.noise = exchange, margin, noise
        self.curriculum = Curriculum(
            task, epochs=epochs, iterations=iterations, device=self.device
        )
        self.descent = Descent(
            coder.parameters(),
            optimiser=optimiser,
            schedule=schedule,
            iterations=horizon_of(iterations, horizon, twice=True),
            normalise=normalise_gradients,
            amp=engine.amp,
            captured=engine.captures,
        )
        check_interval(validate_every)
        self.validate_every, self.best = validate_every, Best(coder)
        self.validation = _Reconstructed(
            model,
            task,
            self.draws,
            engine,
            batch=validation_batch,
            images=validation_images,
        )

    def trained(self) -> dict[str, nn.Parameter]:
        named = self.coder.named_parameters()
        return {f"autoencoder.{name}": weight for name, weight in named}

    def decide(self) -> int:
        """Set the learning rate, and return which of a batch's two steps this is."""
        self.model.train()
        self.descent.prepare(self.iteration)
        return self.iteration % 2

    def work(self, decided: int) -> dict[str, Tensor]:
        number = self.clock // 2
        samples = torch.arange(self.batch, device=self.device) + number * self.batch
        strength = self.curriculum.at(2 * number)
        labels = self.task.labels_under(strength, samples=samples, draws=self.draws)
        anchor, positive = self.task.target(labels), self.task.corrupted(labels)
        with _learning(self.coder):
            if decided == 0:
                scalars = self._first(anchor, positive, negative=anchor[self._others()])
            else:
                scalars = self._second(anchor, positive, samples)
            self.descent.backward(scalars["loss"])
        norm = self.descent.step()
        detached = {name: value.detach() for name, value in scalars.items()}
        return {**detached, "gradient_norm": norm.detach()}

    def _others(self) -> Tensor:
        """Return another image's place for each place of a batch, ``(B,)``."""
        order = self.draws.choice(
            "train/negatives",
            population=self.batch,
            count=self.batch,
            index=self.clock,
            device=self.device,
        )
        return torch.zeros_like(order).scatter_(0, order, order.roll(1))

    def _first(
        self, anchor: Tensor, positive: Tensor, *, negative: Tensor
    ) -> dict[str, Tensor]:
        images = (anchor, positive, negative)
        with self.engine.autocast():
            codes = [self.coder.parted(image) for image in images]
            again = [self.coder.join(*code) for code in codes]
        own, corrupted, other = (code.to(anchor.dtype) for code, _ in codes)
        made = [one.to(anchor.dtype) for one in again]
        error = F.mse_loss(torch.cat(made), torch.cat(images))
        apart = F.mse_loss(own, corrupted) - F.mse_loss(own, other) + self.margin
        excess = apart.clamp(min=0)
        masked = _masked(made[1], positive, mask=positive != anchor)
        loss = self.reconstruction * error + self.contrast * excess + self.corrupted * masked
        return {
            "loss": loss,
            "image_loss": error,
            "contrast_loss": excess,
            "corrupted_loss": masked,
        }

    def _second(self, anchor: Tensor, positive: Tensor, samples: Tensor) -> dict[str, Tensor]:
        with self.engine.autocast():
            (own, own_skip), (corrupted, skip) = map(self.coder.parted, (anchor, positive))
            blurred = own + self.noise * self._noise(own, samples)
            as_given = self.coder.join(corrupted, own_skip)
            as_true = self.coder.join(blurred, skip)
        mask = positive != anchor
        loss = self.exchange * (
            _masked(as_given.to(anchor.dtype), positive, mask=mask)
            + _masked(as_true.to(anchor.dtype), anchor, mask=mask)
        )
        return {"loss": loss}

    def _noise(self, latent: Tensor, samples: Tensor) -> Tensor:
        cells = latent[0].numel()
        drawn = self.draws.normal("train/latent_noise", samples=samples, cells=cells)
        return drawn.view_as(latent).to(latent.dtype)

    def state_dict(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "descent": self.descent.state_dict(),
            "best": self.best.state_dict(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.model.load_state_dict(saved["model"])
        self.descent.load_state_dict(saved["descent"])
        self.best.load_state_dict(saved["best"])


class _Reconstructed(HeldOut):
    """One less the SSIM of reconstructions: of whole images twice, of corrupted ones once."""

    key = "reconstruction"

    def __init__(
        self,
        model: Restoring,
        task: RestorationTask,
        draws: Draws,
        engine: Engine,
        *,
        batch: int,
        images: int | None,
    ) -> None:
        count = task.validations
        super().__init__(model, draws, engine, held_out=count, batch=batch, images=images)
        self.restoring, self.task = model, task

    def _loss(self, samples: Tensor) -> Tensor:
        labels = self.task.validation_labels(samples)
        whole = self._likeness(self.task.target(labels))
        return 1 - (2 * whole + self._likeness(self.task.corrupted(labels))) / 3

    def _likeness(self, images: Tensor) -> Tensor:
        with self.engine.autocast():
            again = self.restoring.reconstruct(images)
        return structural_similarity(again.to(images.dtype), images).mean()


def _masked(made: Tensor, true: Tensor, *, mask: Tensor) -> Tensor:
    """Return the squared error where the mask is, over the number of all values."""
    return ((made - true) * mask).square().mean()


@contextmanager
def _learning(part: nn.Module) -> Iterator[None]:
    """Let a frozen part of a model have gradients and batch statistics for a while."""
    part.requires_grad_(True)
    part.train()
    try:
        yield
    finally:
        part.eval()
        part.requires_grad_(False)
