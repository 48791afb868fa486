"""A loss over images that were held out, batch by batch, on the device."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.model import Automaton
from ncabench.nca.trainer._carried import rolled


class HeldOut(ABC):
    """The mean of a loss over batches of images that are not trained on.

    It is the same at every call. The work of a batch is one piece, which the engine may
    record apart from that of an iteration.

    Args:
        model: what is validated.
        draws: where chance comes from; on a GPU, those that a recorded work may use.
        engine: what does the work.
        held_out: images there are.
        batch: images at a time; there are less where there are no more.
        images: the first so many are looked at; None takes all. What is left of a batch is
            not looked at.

    Raises:
        ValueError: a number is below 1.
    """

    key = "validation"

    def __init__(
        self,
        model: Automaton,
        draws: Draws,
        engine: Engine,
        *,
        held_out: int,
        batch: int,
        images: int | None,
    ) -> None:
        given = {"batch": batch, "images": 1 if images is None else images}
        for name, value in given.items():
            if value < 1:
                raise ValueError(f"validation_{name} must be at least 1, not {value}")
        self.model, self.draws, self.engine = model, draws, engine
        count = min(held_out, images or held_out)
        self.batch = min(batch, count)
        self.batches = count // self.batch
        device = next(model.parameters()).device
        self.turn = torch.zeros((), dtype=torch.int64, device=device)
        self.total = torch.zeros((), device=device)

    def __call__(self) -> Tensor:
        """Return the mean over batches, a scalar; the model is in training mode afterwards."""
        self.turn.zero_()
        self.total.zero_()
        self.model.eval()
        for _ in range(self.batches):
            self.engine.run(self._work, key=self.key)
        self.model.train()
        return self.total / self.batches

    @torch.no_grad()
    def _work(self) -> dict[str, Tensor]:
        slots = torch.arange(self.batch, device=self.turn.device)
        self.total += self._loss(slots + self.turn * self.batch)
        self.turn += 1
        return {"total": self.total}

    @abstractmethod
    def _loss(self, samples: Tensor) -> Tensor:
        """Return the loss of the images ``(B,)``, a scalar."""


class RolledOut(HeldOut):
    """A loss of what an automaton makes of images; what fires is the same at every call.

    Args:
        model: what is rolled out.
        draws: as `HeldOut`.
        engine: likewise.
        held_out: likewise.
        steps: automaton steps.
        batch: as `HeldOut`.
        images: likewise.
    """

    def __init__(
        self,
        model: Automaton,
        draws: Draws,
        engine: Engine,
        *,
        held_out: int,
        steps: int,
        batch: int,
        images: int | None,
    ) -> None:
        if steps < 1:
            raise ValueError(f"validation_steps must be at least 1, not {steps}")
        super().__init__(model, draws, engine, held_out=held_out, batch=batch, images=images)
        self.steps = steps

    def _rolled(self, state: Tensor, samples: Tensor) -> Tensor:
        batch, *shape = state.shape
        steps, noises = range(self.steps), None
        masks = self.draws.masks(
            "validation/fire",
            samples=samples,
            steps=steps,
            height=shape[1],
            width=shape[2],
            rate=self.model.fire_rate,
        )
        if self.model.noise:
            drawn = self.draws.normal(
                "validation/noise", samples=samples, steps=steps, cells=state[0].numel()
            )
            noises = drawn.transpose(0, 1).reshape(self.steps, batch, *shape)
        with self.engine.autocast():
            return rolled(
                self.engine, self.model, state, condition=None, masks=masks, noises=noises
            )
