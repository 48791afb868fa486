"""Rollouts from masked images, whose states are clipped before they are scored."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.protocol._cases import Cases
from ncabench.nca.protocol._rollouts import Rollouts, Stage


class Masked(Stage):
    """One batch of masked images: steps them, and looks at every state, clipped.

    Args:
        record: where scores and frames go.
        cases: the samples; what they are about does not change.
    """

    def __init__(self, record: Rollouts, cases: Cases) -> None:
        super().__init__(record, samples=cases.samples, labels=cases.old, past=False)

    def run(self, seed: Tensor, *, steps: int) -> None:
        """Go from a batch of seed states to their last.

        Raises:
            Diverged: a state stopped being finite.
        """
        state = self._record.model.begin(seed)
        self.see(0, state)
        self.advance(state, steps=range(steps))

    def scores(self, images: Tensor) -> dict[str, list[float]]:
        """Return the scores of images that need not be the model's, ``(B, V, H, W)``."""
        return self._scores(images)

    def _scores(self, answer: Tensor) -> dict[str, list[float]]:
        return super()._scores(answer.clamp(0, 1))
