"""One row of a comparison, and all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ncabench.report.comparison.pairing import Side
from ncabench.stats.interval import Interval
from ncabench.suite.suite import Suite

Better = Literal["lower", "higher", "none"]
UNDECIDED = "undecided"
NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What one side has of a value in one context, by rng_seed.

    Attributes:
        values: numbers.
        failed: words of the runs that ended without one.
        missing: rng_seeds that were not run.
    """

    values: Mapping[int, float]
    failed: Mapping[int, str]
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One value of A and of B in one context.

    Attributes:
        where: the context, axis to name.
        value: named as a table's column names it.
        better: which way is good; ``"none"`` where neither is.
        first: A's numbers.
        second: B's.
        rng_seeds: those that both have a number for; for a value that does not depend on
            them, one that stands for all.
        means: of A and of B over these; None where there are none.
        difference: B - A, its mean.
        sd: of the differences, ddof 1; None for fewer than two.
        interval: t interval of the mean difference, not corrected for the number of rows.
        p_value: of the paired t test of no difference; None for fewer than two.
        verdict: ``"A better"``, ``"B better"``, ``"undecided"``, ``"not comparable"``;
            ``"A higher"`` or ``"B higher"`` where neither way is good; ``""`` for a count or
            a cost, which have none.
        reason: why it is not decided, or not comparable.
        rng_seeds_needed: how many would probably decide; None if decided, if that cannot be
            told from fewer than two pairs, or if it is more than 1,000.
    """

    where: Mapping[str, str | int]
    value: str
    better: Better
    first: Readings
    second: Readings
    rng_seeds: tuple[int, ...] = ()
    means: tuple[float, float] | None = None
    difference: float | None = None
    sd: float | None = None
    interval: Interval
    p_value: float | None = None
    verdict: str = ""
    reason: str = ""
    rng_seeds_needed: int | None = None

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.rng_seeds)

    @property
    def ratio(self) -> float | None:
        """Mean of B over mean of A, where both are positive."""
        if self.means is None or self.difference is None or min(self.means) <= 0:
            return None
        return self.means[1] / self.means[0]

    @property
    def is_open(self) -> bool:
        """Whether nothing but the test is still to say which of them is better."""
        return self.p_value is not None and not self.verdict


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A against B.

    Attributes:
        suite: which says under what protocol.
        first: A.
        second: B.
        rows: one for each context and value.
        level: of the intervals, and of all verdicts together.
        captions: what a reader must know before the first number.
    """

    suite: Suite
    first: Side
    second: Side
    rows: tuple[Compared, ...]
    level: float
    captions: tuple[str, ...]

    @property
    def tested(self) -> int:
        """How many rows were tested together."""
        return family(self.rows)


def family(rows: Sequence[Compared]) -> int:
    """Return how many rows were tested together."""
    return sum(row.p_value is not None and row.verdict != NOT_COMPARABLE for row in rows)
