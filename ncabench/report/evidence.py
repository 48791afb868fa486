"""What a few rng_seeds say of comparisons, and of a claim that is made of several.

A comparison's margin must be positive for it to hold. A claim that does not hold is called
supported with a chance of 2.5 % at most, and one that holds is called refuted with a chance
of 2.5 % at most, however the comparisons hang together: an interval of 95 % leaves 2.5 % on
each side. Margins are taken to be normal; for shares of failed trainings the intervals are
approximate, as ``stats.counts`` says.

A group of K comparisons holds where at least ``least`` of them do, and a claim where all of
its groups do. To call it supported, each group needs ``least`` comparisons whose interval of
level ``1 - 0.05 / (K - least + 1)`` is above zero: for "every" that is 95 % and no correction
(an intersection-union test), for "some" Bonferroni's. To call it refuted, one group needs
more than ``K - least`` whose interval of level ``1 - 0.05 / m`` is below zero, m being the
sum of ``least`` over the groups: for "every" Bonferroni's, for "some" none.

Source: Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics
24(4), 1982 (intersection-union). That these shares of the level are enough where several
comparisons must go wrong together follows from Markov's inequality.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ncabench.stats.counts import proportion_difference
from ncabench.stats.interval import Interval, t_interval
from ncabench.stats.power import seeds_to_detect

Word = Literal["supported", "refuted", "undecided"]
Shares = tuple[tuple[int, int], tuple[int, int]]  # what must be less, what must be more
LEVEL = 0.95
MOST = 1000  # rng_seeds beyond which a number is of no use


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one comparison.

    Attributes:
        margins: one for each rng_seed; positive where it holds.
        equal: it also holds for a margin of zero.
        exact: the values do not vary with the rng_seed, so that one decides.
        shares: failed trainings and trainings, of each side, in place of margins.
        obstacle: why it stays undecided, whatever the margins; ``""`` for nothing.
    """

    margins: tuple[float, ...] = ()
    equal: bool = False
    exact: bool = False
    shares: Shares | None = None
    obstacle: str = ""

    @property
    def n(self) -> int:
        """Pairs of runs, or for shares the runs of the side that has fewer."""
        return min(trials for _, trials in self.shares) if self.shares else len(self.margins)

    @property
    def mean(self) -> float | None:
        """Mean margin, or the difference between the shares; None without any run."""
        if not self.n:
            return None
        if self.shares:
            (few, trials), (many, others) = self.shares
            return many / others - few / trials
        return statistics.fmean(self.margins)

    def interval(self, level: float = LEVEL) -> Interval | None:
        """Return the interval of the mean margin; None where one run cannot give it."""
        if self.exact and self.margins:
            return Interval(low=min(self.margins), high=max(self.margins), level=level)
        if self.n < 2:
            return None
        if self.shares:
            return proportion_difference(*self.shares, level=level)
        return t_interval(self.margins, level=level)

    def word(self, level: float = LEVEL) -> Word:
        """Return whether the whole interval lies on one side of zero."""
        found = None if self.obstacle else self.interval(level)
        if found is None:
            return "undecided"
        if found.low > 0 or (self.equal and found.low >= 0):
            return "supported"
        strict = self.exact and not self.equal and found.high <= 0
        return "refuted" if found.high < 0 or strict else "undecided"

    def needed(self, level: float) -> int | None:
        """Return how many rng_seeds would show a mean like this one, with a chance of 80 %.

        None where no number is known: fewer than two runs, a mean of zero, an obstacle, or
        more than 1,000.
        """
        if self.obstacle or self.exact or self.n < 2 or not self.mean:
            return None
        if not self.shares:
            sd = statistics.stdev(self.margins)
            return seeds_to_detect(self.mean, sd, level=level, most=MOST)
        shrunk = [(count + 1) / (trials + 2) for count, trials in self.shares]
        sd = math.sqrt(sum(share * (1 - share) for share in shrunk))
        found = seeds_to_detect(self.mean, sd, level=level, most=MOST)
        return None if found is None else max(found, self.n + 1)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Evidence for comparisons of which at least so many must hold."""

    least: int
    evidence: tuple[Evidence, ...]

    @property
    def against(self) -> int:
        """How many must fail for it not to hold."""
        return len(self.evidence) - self.least + 1


def decide(groups: Sequence[Holding]) -> Word:
    """Return the word for a claim that holds where all groups do."""
    if groups and all(
        sum(one.word(_supporting(group)) == "supported" for one in group.evidence)
        >= group.least
        for group in groups
    ):
        return "supported"
    level = refuting(groups)
    refuted = any(
        sum(one.word(level) == "refuted" for one in group.evidence) >= group.against
        for group in groups
    )
    return "refuted" if refuted else "undecided"


def needed(groups: Sequence[Holding]) -> int | None:
    """Return how many rng_seeds would decide, if the means stay as they are; or None.

    Towards support if enough means are positive, otherwise towards refutation.
    """
    level = refuting(groups)
    for_it = [_least(group, group.least, _supporting(group), 1) for group in groups]
    against = [_least(group, group.against, level, -1) for group in groups]
    if all(for_it):
        return max((one for one in for_it if one), default=None)
    return min((one for one in against if one), default=None)


def refuting(groups: Sequence[Holding]) -> float:
    """Return the level at which comparisons are refuted, corrected for their number."""
    return 1 - (1 - LEVEL) / max(sum(group.least for group in groups), 1)


def _supporting(group: Holding) -> float:
    return 1 - (1 - LEVEL) / group.against


def _least(group: Holding, count: int, level: float, side: int) -> int | None:
    """Return the n at which so many comparisons are decided on one side, or None."""
    word = "supported" if side > 0 else "refuted"
    found = [
        one.n if one.word(level) == word else one.needed(level)
        for one in group.evidence
        if one.word(level) == word or side * (one.mean or 0.0) > 0
    ]
    known = sorted(one for one in found if one is not None)
    return known[count - 1] if len(known) >= count else None
