"""A learning rate that stays, after an optional warm-up."""

from __future__ import annotations

from ncabench.nca.schedule import Schedule


class Constant(Schedule):
    """1 throughout, reached linearly from 0 where there is a warm-up.

    Source: none; the plainest schedule there is.

    Args:
        warm_up: iterations over which the factor rises.

    Raises:
        ValueError: ``warm_up`` is negative.

    >>> schedule = Constant(warm_up=4)
    >>> [schedule.factor(i, 10) for i in (0, 1, 4, 9)]
    [0.0, 0.25, 1.0, 1.0]
    """

    def __init__(self, *, warm_up: int = 0) -> None:
        if warm_up < 0:
            raise ValueError(f"warm_up counts iterations, so at least 0, not {warm_up}")
        self.warm_up = warm_up

    def factor(self, iteration: int, iterations: int) -> float:  # noqa: ARG002 (the contract's)
        return min(1.0, iteration / self.warm_up) if self.warm_up else 1.0
