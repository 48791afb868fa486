"""Two groups of timings, compared by their ranks alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ncabench.stats.interval import checked

EXACT = 60  # values in both groups together, up to which every division is counted

Alternative = Literal["two-sided", "less", "greater"]


def mann_whitney(
    first: Sequence[float], second: Sequence[float], *, alternative: Alternative
) -> float:
    """Return the p value of the test that neither group tends to be larger.

    Exact up to 60 values in all, with ties too: the share of all divisions of these values
    into two such groups that are as extreme. The two-sided p of n against n can therefore
    not be below 2 / C(2n, n): 0.10 for three, 0.029 for four, 0.0079 for five, 0.0022 for
    six, 0.0006 for seven. Above 60, the normal approximation with corrections for ties and
    continuity.

    Source: Mann and Whitney, "On a Test of Whether one of Two Random Variables is
    Stochastically Larger than the Other", Annals of Mathematical Statistics 18(1), 1947;
    ties by counting, as Lehmann, "Nonparametrics", 1975, chapter 1.

    Args:
        first: one group's values.
        second: the other's.
        alternative: what would be shown: "less" that the first group tends to be smaller,
            "greater" that it tends to be larger, "two-sided" either (twice the smaller p).

    Raises:
        ValueError: a group is empty, or a value is not finite.

    >>> mann_whitney([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], alternative="less")  # 1 of 20
    0.05
    """
    ours, theirs = checked(first), checked(second)
    if not ours or not theirs:
        raise ValueError(f"both groups need values, found {len(ours)} and {len(theirs)}")
    if len(ours) + len(theirs) > EXACT:
        found = stats.mannwhitneyu(ours, theirs, alternative=alternative, method="asymptotic")
        return float(found.pvalue)
    doubled = np.rint(2 * stats.rankdata(ours + theirs)).astype(int)  # tied ranks are halves
    ways = _ways(doubled, size=len(ours))
    here = int(doubled[: len(ours)].sum())
    less = float(ways[: here + 1].sum() / ways.sum())
    greater = float(ways[here:].sum() / ways.sum())
    return {"less": less, "greater": greater, "two-sided": min(1.0, 2 * min(less, greater))}[
        alternative
    ]


def _ways(ranks: NDArray[np.int_], *, size: int) -> NDArray[np.float64]:
    """Return how many choices of ``size`` of the ranks have each sum, from 0 up."""
    counts = np.zeros((size + 1, int(ranks.sum()) + 1))  # (chosen so far, their sum)
    counts[0, 0] = 1.0
    for rank in ranks:
        counts[1:, rank:] += counts[:-1, : counts.shape[1] - rank].copy()
    of_size: NDArray[np.float64] = counts[size]
    return of_size
