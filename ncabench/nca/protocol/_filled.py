"""Rollouts that fill holes, scored over the whole image and in the hole alone."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.protocol._cases import Cases
from ncabench.nca.protocol._rollouts import Rollouts, Stage
from ncabench.nca.task.inpainting import Inpainting

HOLE = "/hole"


class Filled(Stage):
    """One batch of images that are made whole: steps them, and looks at every state.

    A score ``NAME/hole`` is of the true image with the answer in its hole, so that only what
    was missing counts; it is averaged over the whole image as any other, though.

    Args:
        record: where scores and frames go.
        task: the one of ``record``.
        cases: the samples; what they are about does not change.
    """

    def __init__(self, record: Rollouts, task: Inpainting, cases: Cases) -> None:
        super().__init__(record, samples=cases.samples, labels=cases.old, past=False)
        self._hole = task.hole(cases.old)

    def run(self, seed: Tensor, *, steps: int) -> None:
        """Go from a batch of seed states to their last.

        Raises:
            Diverged: a state stopped being finite.
        """
        state = self._record.model.begin(seed)
        self.see(0, state)
        self.advance(state, steps=range(steps))

    def scores(self, images: Tensor) -> dict[str, list[float]]:
        """Return the scores of images that need not be the automaton's, ``(B, V, H, W)``."""
        return self._scores(images)

    @property
    def shares(self) -> list[float]:
        """The share of each image that is missing."""
        missing: list[float] = self._hole.float().mean(dim=(1, 2, 3)).tolist()
        return missing

    def flat(self) -> Tensor:
        """Return the images, their holes of the mean colour of what is known."""
        known = ~self._hole
        total = (self._target * known).sum(dim=(2, 3), keepdim=True)
        mean = total / known.sum(dim=(2, 3), keepdim=True).clamp(min=1)
        return torch.where(self._hole, mean, self._target)

    def _scores(self, answer: Tensor) -> dict[str, list[float]]:
        filled = torch.where(self._hole, answer, self._target)
        inside = {f"{name}{HOLE}": found for name, found in super()._scores(filled).items()}
        return {**super()._scores(answer), **inside}
