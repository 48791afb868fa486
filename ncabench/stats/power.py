"""What a number of runs can show, and how many it takes to show something."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ncabench.stats.interval import critical_t
from ncabench.stats.normal import expectation


def minimum_detectable_difference(
    sd: float, n: int, *, level: float = 0.95, power: float = 0.8
) -> float:
    """Return the least mean difference that ``n`` runs show with chance ``power``.

    "Show": the two-sided t test of no difference, over n differences (or n values against
    a fixed one), rejects at ``1 - level``. Infinite for n < 2; 0 for an sd of 0.

    Source: the noncentral t distribution, as in Cohen, "Statistical Power Analysis for the
    Behavioral Sciences", 2nd edition 1988, chapter 2.

    Args:
        sd: standard deviation of the differences, not of either group.
        n: number of pairs.
        level: 1 minus the chance of showing a difference where there is none.
        power: chance of showing the difference.

    Raises:
        ValueError: ``sd`` is negative or not a number, or not ``1 - level < power < 1``.

    >>> round(minimum_detectable_difference(1.0, 5), 3)
    1.682
    """
    _check(sd, level=level, power=power)
    if n < 2:
        return math.inf
    return _shift(n, level=level, power=power) * sd / math.sqrt(n)


def seeds_to_detect(
    effect: float, sd: float, *, level: float = 0.95, power: float = 0.8, most: int = 1000
) -> int | None:
    """Return the least n whose minimum detectable difference is at most ``|effect|``.

    Args:
        effect: the difference to show.
        sd: standard deviation of the differences.
        level: as in ``minimum_detectable_difference``, which has the source.
        power: likewise.
        most: the largest n to consider.

    Returns:
        At least 2; None if ``effect`` is 0 or more than ``most`` would be needed.

    Raises:
        ValueError: ``sd`` is negative or not a number, or not ``1 - level < power < 1``.

    >>> seeds_to_detect(1.0, 1.0), seeds_to_detect(0.0, 1.0)
    (10, None)
    """
    _check(sd, level=level, power=power)
    if effect == 0:
        return None

    def enough(n: int) -> bool:
        found = minimum_detectable_difference(sd, n, level=level, power=power)
        return found <= abs(effect)

    n = 2 + bisect_left(range(2, most + 1), True, key=enough)
    return n if n <= most else None


@cache
def _shift(n: int, *, level: float, power: float) -> float:
    """Return the noncentrality at which the test of n runs has ``power``."""

    def lacking(shift: float) -> float:
        return power - _chance_to_detect(shift, n=n, level=level)

    enough = 1.0
    while lacking(enough) > 0:
        enough *= 2
    return float(optimize.brentq(lacking, 0.0, enough))


def _chance_to_detect(shift: float, *, n: int, level: float) -> float:
    """Return the test's power where the mean is ``shift`` standard errors from 0.

    By integration over the sample's mean, since ``scipy.special.nctdtr`` returns NaN for
    some values of the lower tail.
    """
    df = n - 1
    t = critical_t(level, df=df)

    def rejects(errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """The chance of a small enough sd, for errors of the mean in standard errors."""
        chances: NDArray[np.float64] = special.chdtr(df, df * ((shift + errors) / t) ** 2)
        return chances

    above = expectation(rejects, low=-shift, high=math.inf)
    below = expectation(rejects, low=-math.inf, high=-shift)
    return above + below


def _check(sd: float, *, level: float, power: float) -> None:
    if not sd >= 0:
        raise ValueError(f"sd must be 0 or more, not {sd}")
    if not 0 < 1 - level < power < 1:
        raise ValueError(
            f"power must lie between 1 - level and 1, not {power} for a level of {level}"
        )
