"""Differences between two models, run by run, over the rng_seeds that both have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special

from ncabench.stats.interval import Interval, Summary, summary


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Second minus first, for each rng_seed that both have.

    Attributes:
        keys: the shared rng_seeds, ascending.
        differences: second minus first, in the order of ``keys``.
        n: number of pairs.
        mean: mean difference.
        sd: standard deviation of the differences, ddof 1; None for one pair.
        interval: t interval of the mean difference.
        p_value: of the two-sided paired t test of no difference; None for one pair.
    """

    keys: tuple[int, ...]
    differences: tuple[float, ...]
    n: int
    mean: float
    sd: float | None
    interval: Interval
    p_value: float | None


def paired(
    first: Mapping[int, float], second: Mapping[int, float], *, level: float = 0.95
) -> Paired:
    """Compare two models over their shared rng_seeds; others are left out.

    What two runs of one rng_seed share (target, damage, update masks) cancels in their
    difference, so the interval is narrower than that of two separate groups.

    Source: Student, "The Probable Error of a Mean", Biometrika 6(1), 1908.

    Args:
        first: value by rng_seed.
        second: value by rng_seed.
        level: of the interval.

    Raises:
        ValueError: no rng_seed is shared, a value is not finite, or ``level`` is no share.

    >>> paired({0: 1.0, 1: 2.0, 7: 9.0}, {0: 1.5, 1: 2.5}).differences
    (0.5, 0.5)
    """
    keys = tuple(sorted(first.keys() & second.keys()))
    if not keys:
        raise ValueError(
            f"no rng_seed is in both: the first has {sorted(first)}, "
            f"the second has {sorted(second)}"
        )
    differences = tuple(float(second[key] - first[key]) for key in keys)
    found = summary(differences, level=level)
    return Paired(
        keys=keys,
        differences=differences,
        n=found.n,
        mean=found.mean,
        sd=found.sd,
        interval=found.interval,
        p_value=_p_value(found),
    )


def _p_value(found: Summary) -> float | None:
    if found.sd is None:
        return None
    if found.sd == 0:
        return 1.0 if found.mean == 0 else 0.0
    t = abs(found.mean) * math.sqrt(found.n) / found.sd
    return float(2 * special.stdtr(found.n - 1, -t))
