"""Differences between shares: how many of the runs did something."""

from __future__ import annotations

import math

from scipy import special

from ncabench.stats.interval import Interval


def proportion_difference(
    first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95
) -> Interval:
    """Return the interval of the second share minus the first.

    One success and one failure are added to each group, then the usual interval is taken,
    cut at -1 and 1. Over all pairs of true shares a 95 % interval of five runs a side
    covers 96.6 % on average; below 93 % for few pairs (one share near 0 or 1), least 88.6 %.

    Source: Agresti and Caffo, "Simple and Effective Confidence Intervals for Proportions
    and Differences of Proportions", The American Statistician 54(4), 2000.

    Args:
        first: successes and trials.
        second: successes and trials.
        level: of the interval.

    Raises:
        ValueError: not ``0 <= successes <= trials`` with at least one trial, or ``level``
            is no share.

    >>> found = proportion_difference((0, 5), (5, 5))
    >>> round(found.low, 3), found.high  # 5/7 - 1.96 sqrt(2 (1/7) (6/7) / 7)
    (0.348, 1.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    (share, square), (other, other_square) = _shrunk(first), _shrunk(second)
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(square + other_square)
    middle = other - share
    return Interval(low=max(middle - half, -1.0), high=min(middle + half, 1.0), level=level)


def _shrunk(group: tuple[int, int]) -> tuple[float, float]:
    """Return a group's share with one success and one failure added, and its variance."""
    successes, trials = group
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"successes must lie within 0 and trials, not {successes} of {trials}")
    share = (successes + 1) / (trials + 2)
    return share, share * (1 - share) / (trials + 2)
