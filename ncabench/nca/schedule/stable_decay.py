"""Warm-up, a long constant stretch, and a cosine decay at the very end."""

from __future__ import annotations

import math

from ncabench.nca.schedule import Schedule


class StableDecay(Schedule):
    """Rises linearly to 1, stays there, and falls along half a cosine over the last part.

    Source: Hu et al., "MiniCPM", 2024, section 4 (warm-up, stable, decay); NCAtorch's
    shipped MNIST run decays over the last 10 % with a cosine.

    Args:
        warm_up: iterations over which the factor rises.
        decay: share of all iterations over which it falls, in (0, 1].

    Raises:
        ValueError: ``decay`` is not in (0, 1], or ``warm_up`` is negative.

    >>> schedule = StableDecay(warm_up=10, decay=0.1)
    >>> [round(schedule.factor(i, 100), 6) for i in (5, 10, 89, 95, 100)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, *, warm_up: int = 0, decay: float = 0.1) -> None:
        if not 0 < decay <= 1:
            raise ValueError(f"decay is a share of the iterations, in (0, 1], not {decay}")
        if warm_up < 0:
            raise ValueError(f"warm_up counts iterations, so at least 0, not {warm_up}")
        self.warm_up = warm_up
        self.decay = decay

    def factor(self, iteration: int, iterations: int) -> float:
        rise = min(1.0, iteration / self.warm_up) if self.warm_up else 1.0
        start = iterations * (1 - self.decay)
        done = max(0.0, (iteration - start) / (iterations - start))
        return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
