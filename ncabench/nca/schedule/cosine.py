"""Linear warm-up, then half a cosine down to zero."""

from __future__ import annotations

import math

from ncabench.nca.schedule import Schedule


class Cosine(Schedule):
    """Rises linearly from 0 to 1, then falls along half a cosine to 0 at the end.

    Source: NCAtorch's shipped recipes ("cosine"); Loshchilov and Hutter, "SGDR", 2017,
    equation 5, with one period.

    Args:
        warm_up: iterations over which the factor rises.

    Raises:
        ValueError: ``warm_up`` is negative.

    >>> schedule = Cosine(warm_up=10)
    >>> [round(schedule.factor(i, 110), 6) for i in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(self, *, warm_up: int = 0) -> None:
        if warm_up < 0:
            raise ValueError(f"warm_up counts iterations, so at least 0, not {warm_up}")
        self.warm_up = warm_up

    def factor(self, iteration: int, iterations: int) -> float:
        if iteration < self.warm_up:
            return iteration / self.warm_up
        done = (iteration - self.warm_up) / max(1, iterations - self.warm_up)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
