"""Another class to become: the state is left, the condition changes."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation


class Mutation(Perturbation):
    """Asks a grown state to become another class, always a different one.

    The state is left as it is; whoever rolls it out tells it the condition of the other
    class, or shows it an image of that class where an image is frozen.

    Source: NCAtorch, section 3.1.2, "mutation"; that the class is always another one fits
    the numbers of table 1 and is not said.

    >>> Mutation().pairs(3)
    [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    """

    needs = ("classes",)

    def pairs(self, classes: int) -> list[tuple[int, int]]:
        """Return all ordered pairs of two different classes.

        Raises:
            ValueError: there is one class only.
        """
        if classes < 2:
            raise ValueError(f"mutation needs at least 2 classes, not {classes}")
        return [(old, new) for old in range(classes) for new in range(classes) if old != new]

    def __call__(
        self,
        state: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> tuple[Tensor, Tensor]:
        """Return the state as it is; no cell is touched."""
        return state, torch.zeros_like(state[:, :1], dtype=torch.bool)
