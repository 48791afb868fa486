"""Rollouts from masked images, whose states are clipped before they are scored."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.protocol._cases import Cases
from ncabench.nca.protocol._enlarged import Maskable
from ncabench.nca.protocol._rollouts import Rollouts, Stage
from ncabench.nca.task.denoising import Denoising


class Masked(Stage):
    """One batch of masked images: steps them, and looks at every state, clipped.

    Args:
        record: where scores and frames go.
        cases: the samples; they are about their old labels.
        past: how many perturbations are past.
    """

    def __init__(self, record: Rollouts, cases: Cases, *, past: int = 0) -> None:
        super().__init__(record, samples=cases.samples, labels=cases.old, past=past)

    def run(self, seed: Tensor, *, steps: int) -> Tensor:
        """Go from a batch of seed states to their last, and return it.

        Raises:
            Diverged: a state stopped being finite.
        """
        state = self._record.model.begin(seed)
        self.see(0, state)
        return self.advance(state, steps=range(steps))

    def scores(self, images: Tensor) -> dict[str, list[float]]:
        """Return the scores of images that need not be the model's, ``(B, V, H, W)``."""
        return self._scores(images)

    def _scores(self, answer: Tensor) -> dict[str, list[float]]:
        return super()._scores(answer.clamp(0, 1))


def whole_batches(task: Denoising, *, images: int | None) -> Cases:
    """Return the first tests, as many as there are whole batches of.

    Args:
        task: whose tests they are.
        images: the first so many; None takes all.

    Raises:
        ValueError: there is no whole batch.
    """
    tests = min(task.tests, images or task.tests)
    count = tests // task.batch * task.batch
    if count == 0:
        raise ValueError(
            f"images: there must be a batch of {task.batch} to test on, not {tests}"
        )
    turns = torch.arange(count, device=task.device)
    labels = task.test_labels(torch.zeros_like(turns), turns=turns)
    return Cases(samples=turns, old=labels, new=labels)


def given_and_true(task: Maskable, part: Cases, *, films: int) -> dict[int, Tensor]:
    """Return the masked and the true image of the samples of a batch that are shown.

    Args:
        task: whose images they are.
        part: the batch.
        films: samples that are shown, the first ones.

    Returns:
        by the sample's number, ``(2, V, H, W)`` on the CPU.
    """
    numbers = [number for number in part.samples.tolist() if number < films]
    if not numbers:
        return {}
    labels = part.old[: len(numbers)]
    pairs = torch.stack([task.masked(labels), task.target(labels)], dim=1).float().cpu()
    return dict(zip(numbers, pairs, strict=True))
