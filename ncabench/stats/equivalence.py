"""Whether a mean is within a margin, and how many runs would tell."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ncabench.stats.interval import critical_t, t_interval
from ncabench.stats.normal import expectation


def equivalent(
    values: Sequence[float], *, low: float, high: float, level: float = 0.95
) -> Literal["inside", "outside", "open"]:
    """Say whether the mean lies within ``[low, high]``, at two kinds of error.

    "inside": two one-sided t tests at ``1 - level`` reject that it lies below ``low`` and
    that it lies above ``high``; that is, the t interval at ``2 level - 1`` (90 % for 95 %)
    is within the bounds. "outside": the t interval at ``level`` is wholly beyond one bound.
    Each is wrong in at most ``1 - level`` of cases. Otherwise, and always with fewer than
    two values, "open". Values without any spread have a point as interval.

    Source: Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power
    Approach for Assessing the Equivalence of Average Bioavailability", J. Pharmacokinetics
    and Biopharmaceutics 15(6), 1987 ("inside"). "outside": none; it is the usual test.

    Raises:
        ValueError: ``low`` is above ``high``, a value is not finite, or not
            ``0.5 < level < 1``.

    >>> equivalent([0.99, 1.0, 1.01], low=0.9, high=1.1)
    'inside'
    >>> equivalent([1.0], low=0.9, high=1.1)
    'open'
    """
    if not low <= high:
        raise ValueError(f"the margin's low {low} must not be above its high {high}")
    _check(level)
    inner = t_interval(values, level=2 * level - 1)
    outer = t_interval(values, level=level)
    if len(values) < 2:
        return "open"
    if low <= inner.low and inner.high <= high:
        return "inside"
    if outer.high < low or outer.low > high:
        return "outside"
    return "open"


def chance_to_confirm(distance: float, sd: float, *, n: int, level: float = 0.95) -> float:
    """Return how often ``equivalent`` says "inside" of n values.

    The true mean lies ``distance`` inside the nearer bound and, which is the worst case,
    as far from the other: in the middle of a margin of twice ``distance``.

    Source: Owen, "A Special Case of a Bivariate Non-Central t-Distribution", Biometrika
    52, 1965, in the form that Phillips gives it for two one-sided tests, J.
    Pharmacokinetics and Biopharmaceutics 18(2), 1990; integrated over the sample's mean here.

    Raises:
        ValueError: ``sd`` is negative or not a number, or not ``0.5 < level < 1``.

    >>> round(chance_to_confirm(1.0, 0.5, n=5), 2)
    0.95
    """
    _check(level)
    if not sd >= 0:
        raise ValueError(f"sd must be 0 or more, not {sd}")
    if n < 2 or not distance > 0:
        return 0.0
    if sd == 0:
        return 1.0
    df = n - 1
    t = critical_t(2 * level - 1, df=df)
    shift = distance * math.sqrt(n) / sd

    def fits(errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """The chance of a small enough sd, for errors of the mean in standard errors."""
        chances: NDArray[np.float64] = special.chdtr(df, df * ((shift - errors) / t) ** 2)
        return chances

    return min(1.0, 2 * expectation(fits, low=0.0, high=shift))  # errors of both signs


def seeds_to_confirm(
    distance: float, sd: float, *, level: float = 0.95, power: float = 0.8, most: int = 1000
) -> int | None:
    """Return the least n with which ``equivalent`` says "inside" with chance ``power``.

    That is, whose ``chance_to_confirm`` (which has the source) is at least ``power``. It is
    exact where both bounds are ``distance`` away and errs towards more runs elsewhere.

    Args:
        distance: from the mean, as far as known, to the nearer bound, inside the margin.
        sd: standard deviation over rng_seeds.
        level: as in ``equivalent``.
        power: chance of the verdict.
        most: the largest n to consider.

    Returns:
        At least 2; None if ``distance`` is not positive or more than ``most`` are needed.

    Raises:
        ValueError: ``sd`` is negative or not a number, or not ``0.5 < level < 1``, or
            ``power`` is not at least 0.5 and below 1.

    >>> seeds_to_confirm(1.0, 0.5), seeds_to_confirm(0.0, 0.5)
    (4, None)
    """
    if not 0.5 <= power < 1:
        raise ValueError(f"power must be at least 0.5 and below 1, not {power}")

    def enough(n: int) -> bool:
        return chance_to_confirm(distance, sd, n=n, level=level) >= power

    n = 2 + bisect_left(range(2, most + 1), True, key=enough)
    return n if n <= most else None


def _check(level: float) -> None:
    if not 0.5 < level < 1:
        raise ValueError(f"level must lie between 0.5 and 1, not {level}")
