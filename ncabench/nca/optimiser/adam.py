"""Adam."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn, optim
from torch.optim import Optimizer

from ncabench.nca.optimiser import Optimiser


class Adam(Optimiser):
    """Adam without weight decay, as NCAtorch's shipped recipes use it.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

    Args:
        learning_rate: before the schedule's factor.
        betas: decay rates of the two moments.
        epsilon: added to the root of the second moment.

    Raises:
        ValueError: ``learning_rate`` is negative, or a beta is not in [0, 1).

    >>> import torch
    >>> weight = nn.Parameter(torch.tensor([1.0]))
    >>> optimiser = Adam(learning_rate=0.1).make([weight])
    >>> weight.sum().backward()
    >>> optimiser.step()
    >>> round(weight.item(), 4)  # the first step has the length of the learning rate
    0.9
    """

    def __init__(
        self,
        *,
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        if learning_rate < 0 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(
                "learning_rate must be 0 or more and betas in [0, 1), "
                f"not {learning_rate} and {list(betas)}"
            )
        self.learning_rate = learning_rate
        self.betas = betas
        self.epsilon = epsilon

    def make(self, weights: Iterable[nn.Parameter], *, captured: bool = False) -> Optimizer:
        return optim.Adam(
            weights,
            lr=self.learning_rate,
            betas=self.betas,
            eps=self.epsilon,
            capturable=captured,
            fused=captured or None,
        )
