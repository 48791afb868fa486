"""Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn, optim
from torch.optim import Optimizer

from ncabench.nca.optimiser import Optimiser


class AdamW(Optimiser):
    """Adam whose weight decay does not pass through the moments.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019,
    algorithm 2; the default decay is PyTorch's.

    Args:
        learning_rate: before the schedule's factor.
        betas: decay rates of the two moments.
        weight_decay: share of each weight taken off per unit of learning rate.
        epsilon: added to the root of the second moment.

    Raises:
        ValueError: ``learning_rate`` is negative, or a beta is not in [0, 1).

    >>> import torch
    >>> weight = nn.Parameter(torch.tensor([1.0]))
    >>> optimiser = AdamW(learning_rate=0.1, weight_decay=0.5).make([weight])
    >>> weight.grad = torch.tensor([0.0])
    >>> optimiser.step()
    >>> round(weight.item(), 4)  # no gradient: only 0.1 x 0.5 of decay
    0.95
    """

    def __init__(
        self,
        *,
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.01,
        epsilon: float = 1e-8,
    ) -> None:
        if learning_rate < 0 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(
                "learning_rate must be 0 or more and betas in [0, 1), "
                f"not {learning_rate} and {list(betas)}"
            )
        self.learning_rate = learning_rate
        self.betas = betas
        self.weight_decay = weight_decay
        self.epsilon = epsilon

    def make(self, weights: Iterable[nn.Parameter], *, captured: bool = False) -> Optimizer:
        return optim.AdamW(
            weights,
            lr=self.learning_rate,
            betas=self.betas,
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            capturable=captured,
            fused=captured or None,
        )
