"""Adam that forgets its moments now and then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ncabench.nca.optimiser import Optimiser
from ncabench.nca.optimiser.adam import Adam


class RestartingAdam(Optimiser):
    """Adam as ``adam`` is, that begins anew after every ``period`` steps.

    Both moments are then zero and their corrections those of a first step, as if the optimiser
    were made again. The learning rate is the schedule's affair.

    Source: Cells to Pixels, its training of growing, which restarts optimiser and schedule with
    the pool.

    Args:
        learning_rate: before the schedule's factor.
        period: steps from one start to the next.
        betas: decay rates of the two moments.
        epsilon: added to the root of the second moment.

    Raises:
        ValueError: as ``adam``; ``period`` is below 1.

    >>> import torch
    >>> weight = nn.Parameter(torch.tensor([0.0]))
    >>> optimiser = RestartingAdam(learning_rate=1.0, period=2).make([weight])
    >>> for gradient in (3.0, 3.0, -1.0):  # a first step is as long as the rate, here twice
    ...     weight.grad = torch.tensor([gradient])
    ...     optimiser.step()
    >>> round(weight.item(), 4)  # -1 -1 +1; without a restart -1 -1 -0.61
    -1.0
    """

    version = 1

    def __init__(
        self,
        *,
        learning_rate: float,
        period: int = 4000,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        if period < 1:
            raise ValueError(f"period counts steps, so at least 1, not {period}")
        self.learning_rate, self.period = learning_rate, period
        self.adam = Adam(learning_rate=learning_rate, betas=betas, epsilon=epsilon)

    def make(self, weights: Iterable[nn.Parameter], *, captured: bool = False) -> Optimizer:
        made = self.adam.make(weights, captured=captured)
        made.register_step_pre_hook(self._restart)
        return made

    def _restart(self, optimizer: Optimizer, _args: Any, _given: Any) -> None:
        """Forget what is as old as a period; decided on the device, since it is recorded."""
        for held in optimizer.state.values():
            young = held["step"] < self.period
            for one in held.values():
                one.mul_(young)
