"""Another image to make whole: the state is left, the given input changes."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation


class InputChange(Perturbation):
    """Gives a settled state the input of another sample: the next one of its batch.

    The last of a batch is given the first one's. The state is left as it is; whoever rolls
    it out puts the other input under it, and compares with the other target. So the batch
    as a whole is about the same images before and after.

    Source: ViTCA, section 4.1.3, "Adaptation to changing inputs"; which image follows is not
    said.

    >>> InputChange().relabelled(torch.tensor([7, 8, 9])).tolist()
    [8, 9, 7]
    """

    needs = ("inputs",)

    def relabelled(self, labels: Tensor) -> Tensor:
        """Return the label of the next sample for each, ``(B,)``.

        Raises:
            ValueError: there is one sample only.
        """
        if len(labels) < 2:
            raise ValueError("a change of inputs needs a batch of 2 or more, not 1")
        return labels.roll(-1)

    def __call__(
        self,
        state: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> tuple[Tensor, Tensor]:
        """Return the state as it is; no cell is touched."""
        return state, torch.zeros_like(state[:, :1], dtype=torch.bool)
