"""Trains an automaton through its rollout: NCAtorch's algorithm 1."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.losses.overflow import overflow as overflow_loss
from ncabench.nca.model import Automaton
from ncabench.nca.objective import Objective
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.pool import Batch, Pool
from ncabench.nca.schedule import Schedule
from ncabench.nca.task import Task
from ncabench.nca.trainer._rolling import Rolling


class Rollout(Rolling):
    """Rolls out a batch, compares the final state with the target, and descends.

    Every draw is keyed by the iteration and the sample, so a batch may be split
    (``accumulation``) without changing a draw.

    Source: NCAtorch, algorithm 1; the defaults are its shipped emoji recipe's.

    Args:
        iterations: optimiser steps.
        optimiser: how weights change.
        schedule: factor on the learning rate.
        batch: grids per iteration.
        steps: least and greatest number of automaton steps, the end excluded.
        loss: distance of the visible channels, or where there are none of the class scores,
            from the task's lesson; averaged over channels and cells, or for the cross entropy
            ``"pixel_ce"`` over cells; or an objective, which looks at them otherwise.
        overflow: weight of the penalty on values out of range.
        pool: where part of each batch comes from; None starts every sample from the seed.
        clip_norm: greatest global norm of the gradient; None does not clip.
        normalise_gradients: divide each weight tensor's gradient by its norm.
        accumulation: parts that a batch is split into, to save memory.
        checkpoint_segments: parts of the rollout whose activations are computed again in
            the backward pass, to save memory; 0 keeps all.

    Raises:
        ValueError: ``steps`` is empty, ``batch`` cannot be split evenly, or a count or the
            clipping is out of range.

    >>> Rollout.version
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
        schedule: Schedule,
        batch: int = 18,
        steps: tuple[int, int] = (48, 63),
        loss: Literal["mse", "l1", "pixel_ce"] | Objective = "mse",
        overflow: float = 1.0,
        pool: Pool | None = None,
        clip_norm: float | None = 1.0,
        normalise_gradients: bool = False,
        accumulation: int = 1,
        checkpoint_segments: int = 0,
    ) -> None:
        if accumulation < 1 or batch % accumulation:
            raise ValueError(f"accumulation: {accumulation} parts do not divide batch {batch}")
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
        self.overflow, self.parts = overflow, accumulation
        self.descent = Descent(
            self.trained().values(),
            optimiser=optimiser,
            schedule=schedule,
            iterations=iterations,
            clip_norm=clip_norm,
            normalise=normalise_gradients,
            amp=engine.amp,
            captured=engine.captures,
        )

    def decide(self) -> tuple[int, int]:
        """Return the number of steps, and how many samples the pool may give."""
        self.model.train()
        self.descent.prepare(self.iteration)
        return self._length(), self._pooled()

    def work(self, decided: tuple[int, int]) -> dict[str, Tensor]:
        steps, pooled = decided
        samples = self._samples()
        batch = self._mixed(self._fresh(samples), pooled=pooled)
        parts = [
            self._descend_part(one, names, steps=steps)
            for one, names in zip(
                _split(batch, self.parts), samples.chunk(self.parts), strict=True
            )
        ]
        norm = self.descent.step()
        if self.pool is not None:
            final = torch.cat([state for state, _ in parts])
            self.pool.commit(Batch(state=final, labels=batch.labels))
        scalars = {
            name: torch.stack([part[name] for _, part in parts]).sum() for name in parts[0][1]
        }
        return {**scalars, "gradient_norm": norm.detach()}

    def _descend_part(
        self, batch: Batch, samples: Tensor, *, steps: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        with self.engine.autocast():
            final = self._roll(batch, samples, steps=steps)
        scalars = self._losses(final, batch.labels, samples)
        self.descent.backward(scalars["loss"])
        return final.detach(), {name: value.detach() for name, value in scalars.items()}

    def _seen(self, final: Tensor, samples: Tensor) -> Tensor:
        """Return what losses look at of final states, which may be seen from many sides."""
        return self.model.glimpse(final, samples=samples, draws=self.draws)

    def _losses(self, final: Tensor, labels: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Return the loss of a part of the batch, and what it is made of."""
        seen = self._seen(final, samples)
        answer = seen[:, self.task.layout.answer_slice]
        image = self.distance(answer, self.task.lesson(labels)) / self.parts
        beyond = overflow_loss(seen, layout=self.task.layout) / self.parts
        loss = image + self.overflow * beyond
        return {"loss": loss, "image_loss": image, "overflow": beyond}

    def state_dict(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "descent": self.descent.state_dict(),
            "pool": None if self.pool is None else self.pool.state_dict(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.model.load_state_dict(saved["model"])
        self.descent.load_state_dict(saved["descent"])
        if self.pool is not None:
            self.pool.load_state_dict(saved["pool"])


def _split(batch: Batch, parts: int) -> list[Batch]:
    pairs = zip(batch.state.chunk(parts), batch.labels.chunk(parts), strict=True)
    return [Batch(state=state, labels=labels) for state, labels in pairs]
