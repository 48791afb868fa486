"""How well masked images that were held out are made whole."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.model import Automaton
from ncabench.nca.task import _masking as masking
from ncabench.nca.task.denoising import Denoising


class Validation:
    """The mean absolute error over images of the task's validation, batch by batch.

    Images, configurations, masks and what fires are the same at every call. The work of a
    batch is one piece, which the engine may record apart from that of an iteration.

    Source: ViTCA's code; that what fires is the same every time is ncabench's.

    Args:
        model: whose answers are compared.
        task: has the images.
        draws: where chance comes from; on a GPU, those that a recorded work may use.
        engine: what rolls out.
        steps: automaton steps.
        batch: images that share a configuration; there are less where there are no more.
        images: the first so many are looked at; None takes all. What is left of a batch is
            not looked at.

    Raises:
        ValueError: a number is below 1.
    """

    def __init__(
        self,
        model: Automaton,
        task: Denoising,
        draws: Draws,
        engine: Engine,
        *,
        steps: int,
        batch: int,
        images: int | None,
    ) -> None:
        given = {"steps": steps, "batch": batch, "images": 1 if images is None else images}
        for name, value in given.items():
            if value < 1:
                raise ValueError(f"validation_{name} must be at least 1, not {value}")
        self.model, self.task, self.draws, self.engine = model, task, draws, engine
        count = min(task.validations, images or task.validations)
        self.steps, self.batch = steps, min(batch, count)
        self.batches = count // self.batch
        device = next(model.parameters()).device
        self.order = torch.tensor(masking.validation_order(self.batches), device=device)
        self.turn = torch.zeros((), dtype=torch.int64, device=device)
        self.total = torch.zeros((), device=device)

    def __call__(self) -> Tensor:
        """Return the mean over batches, a scalar; the model is in training mode afterwards."""
        self.turn.zero_()
        self.total.zero_()
        self.model.eval()
        for _ in range(self.batches):
            self.engine.run(self._work, key="validation")
        self.model.train()
        return self.total / self.batches

    @torch.no_grad()
    def _work(self) -> dict[str, Tensor]:
        task, slots = self.task, torch.arange(self.batch, device=self.turn.device)
        samples = slots + self.turn * self.batch
        configuration = self.order.index_select(0, self.turn.view(1))
        labels = task.validation_labels(samples, configuration=configuration)
        state = self.model.begin(task.seed_state(labels, samples=samples, draws=self.draws))
        with self.engine.autocast():
            state = self._rolled(state, samples)
        answer = self.model.end(state)[:, task.layout.visible_slice]
        self.total += (answer - task.target(labels)).abs().mean()
        self.turn += 1
        return {"total": self.total}

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
        return self.engine.rollout(
            self.model, state, condition=None, masks=masks, noises=noises
        )
