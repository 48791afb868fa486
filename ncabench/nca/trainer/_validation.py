"""How well masked images that were held out are made whole."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.model import Automaton
from ncabench.nca.task import _masking as masking
from ncabench.nca.task.denoising import Denoising
from ncabench.nca.trainer._held_out import RolledOut


class Validation(RolledOut):
    """The mean absolute error over images of the task's validation, batch by batch.

    Images, configurations, masks and what fires are the same at every call.

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
        super().__init__(
            model,
            draws,
            engine,
            held_out=task.validations,
            steps=steps,
            batch=batch,
            images=images,
        )
        self.task = task
        order = masking.validation_order(self.batches)
        self.order = torch.tensor(order, device=self.turn.device)

    def _loss(self, samples: Tensor) -> Tensor:
        task = self.task
        configuration = self.order.index_select(0, self.turn.view(1))
        labels = task.validation_labels(samples, configuration=configuration)
        state = self.model.begin(task.seed_state(labels, samples=samples, draws=self.draws))
        answer = self.model.end(self._rolled(state, samples))[:, task.layout.visible_slice]
        return (answer - task.target(labels)).abs().mean()
