"""Nothing done: how a grown state holds by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation


class Unperturbed(Perturbation):
    """Leaves state and class as they are, so that a rollout shows only stability.

    Source: none; it is the control of the other perturbations.

    >>> state = torch.ones(1, 1, 2, 2)
    >>> same, touched = Unperturbed()(state, samples=torch.tensor([0]), draws=Draws(0))
    >>> bool(torch.equal(same, state)), int(touched.sum())
    (True, 0)
    """

    def __call__(
        self,
        state: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> tuple[Tensor, Tensor]:
        """Return the state as it is; no cell is touched."""
        return state, torch.zeros_like(state[:, :1], dtype=torch.bool)
