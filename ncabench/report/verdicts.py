"""Whether a measured cell reproduces the printed one, differs from it, or cannot tell.

- Exact cells (parameter counts, out of memory) compare by equality, whatever the number of
  rng_seeds: a count must round to the printed string.
- All else needs two rng_seeds or more, and an equivalence test: *reproduced* if the mean lies
  within the margin around what the printed string can have been, *differs* if it lies outside,
  each wrong in at most 5 % of cases; *undecided* otherwise.
- What stands for something else is *not comparable*, whatever the numbers.

Costs, as ratios between rows, are in ``ratios``; reasons against comparing in ``obstacles``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ncabench.papers.ledger import Printed
from ncabench.report.cells import UNDEFINED, WORDS, Cell
from ncabench.report.margins import COUNTED, Margin
from ncabench.stats.equivalence import equivalent, seeds_to_confirm
from ncabench.stats.interval import Interval, prediction_interval, summary
from ncabench.stats.power import seeds_to_detect

Word = Literal["reproduced", "differs", "undecided", "not comparable"]
WORDS_OF_VERDICTS: tuple[Word, ...] = get_args(Word)
ONE = "one rng_seed"
TOO_MANY = "more than 1,000 rng_seeds would be needed"
_OOM, _DIVERGED = WORDS["oom"], WORDS["diverged"]
_FAILED = (_OOM, _DIVERGED, WORDS["timeout"], WORDS["crashed"], UNDEFINED)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a cell says of the printed one.

    Attributes:
        word: the verdict.
        reason: why, in a few words; ``""`` where the numbers say it.
        exact: it is a count or a word, which one rng_seed decides.
        n: rng_seeds that have a value to compare.
        mean: of what is compared.
        interval: the mean's 95 % t interval; None for fewer than two rng_seeds.
        printed: what it is compared with; None beside a printed word.
        margin: how far the mean may lie from the printed value, rounding aside; None where
            nobody declares one.
        low: the least mean that reproduces, rounding of the printed string included.
        high: the greatest.
        within_spread: whether the printed value lies in the 95 % prediction interval of one
            more run; None for fewer than two rng_seeds.
        rng_seeds_needed: how many would decide with 80 % chance if mean and spread stay as
            they are; None where that is decided, or cannot be told.
        ratio_to: the row that values were divided by, so that all the numbers above are of
            ratios; ``""`` where they are of values.
    """

    word: Word
    reason: str = ""
    exact: bool = False
    n: int = 0
    mean: float | None = None
    interval: Interval | None = None
    printed: float | None = None
    margin: float | None = None
    low: float | None = None
    high: float | None = None
    within_spread: bool | None = None
    rng_seeds_needed: int | None = None
    ratio_to: str = ""


@dataclass(frozen=True, kw_only=True)
class Band:
    """Where a mean must lie.

    Attributes:
        printed: the printed value.
        margin: how far from it still counts as it; None where nobody declares that.
        low: the least mean that counts: margin and rounding together.
        high: the greatest.
    """

    printed: float
    margin: float | None
    low: float | None
    high: float | None


def judge(
    cell: Cell,
    *,
    margin: Margin | None,
    obstacles: Sequence[str] = (),
    memory: Sequence[str] = (),
) -> Verdict | None:
    """Return the verdict of a cell whose values are compared as they are.

    Args:
        cell: what was measured, and what is printed.
        margin: how far from the printed value still counts as it; None if nobody says.
        obstacles: reasons why it cannot be compared.
        memory: reasons why running out of memory, or not, cannot be compared.

    Returns:
        None where the paper prints nothing, or a dash that means nothing.
    """
    printed = cell.printed
    if printed is None or not comparable(printed):
        return None
    if printed.out_of_memory:
        return _memory(cell, obstacles=[*obstacles, *memory])
    if printed.metric in COUNTED:
        return _count(cell, printed, obstacles=obstacles)
    if no_memory(cell):
        return ran_out([*obstacles, *memory])
    if margin is None:
        obstacles = [*obstacles, f"no margin is declared for {printed.metric}"]
    return within(
        cell.values,
        band=_band(printed, margin),
        obstacles=obstacles,
        failure=failure(cell),
    )


def comparable(printed: Printed) -> bool:
    """Tell whether a printed cell says anything that a measured one can agree with.

    A count is known before any memory is asked for, so words that span a row on running out
    of it say nothing of the counts in it.

    >>> comparable(Printed(text="-", metric="LPIPS"))
    False
    >>> [comparable(Printed(text="OOM", metric=metric)) for metric in ("memory", "steps")]
    [True, False]
    """
    out_of_memory = printed.out_of_memory and printed.metric not in COUNTED
    return out_of_memory or printed.value is not None


def together(reasons: Sequence[str]) -> str:
    """Return reasons as one, each once.

    >>> together(["preset 'smoke'", "measured on a CPU", "measured on a CPU"])
    "preset 'smoke'; measured on a CPU"
    """
    return "; ".join(dict.fromkeys(reasons))


def no_memory(cell: Cell) -> bool:
    """Tell whether every planned rng_seed ran out of memory."""
    return _every(cell, _OOM)


def ran_out(obstacles: Sequence[str]) -> Verdict:
    """Return the verdict of a cell that ran out of memory beside a printed number."""
    return _decided("differs", "out of memory", obstacles=obstacles)


def failure(cell: Cell) -> Verdict | None:
    """Return the verdict that failed rng_seeds ask for: survivors do not decide."""
    if cell.planned > 1 and _every(cell, _DIVERGED):
        return Verdict(word="differs", reason="every rng_seed diverged")
    counts = {word: cell.outcomes[word] for word in _FAILED if cell.outcomes.get(word)}
    if counts:
        first, *rest = (f"{count} {word}" for word, count in counts.items())
        count, _, word = first.partition(" ")
        told = ", ".join([f"{count} of {cell.planned} rng_seeds {word}", *rest])
        return Verdict(word="undecided", reason=told)
    if cell.n:
        return None
    others = ", ".join(sorted(cell.outcomes)) or "not run"
    return Verdict(word="undecided", reason=others if cell.planned else "not planned")


def within(
    values: Sequence[float],
    *,
    band: Band,
    obstacles: Sequence[str] = (),
    failure: Verdict | None = None,
    one: str = ONE,
) -> Verdict:
    """Return whether the mean of some values lies within a band.

    Obstacles come first, then failures, then the number of values, then the test.

    Args:
        values: one for each rng_seed.
        band: where the mean must lie.
        obstacles: reasons why it cannot be compared.
        failure: the verdict that failed rng_seeds ask for.
        one: the reason of a verdict on a single value.
    """
    found = _numbers(values, band)
    if obstacles:
        return replace(found, word="not comparable", reason=together(obstacles))
    if failure:
        return replace(found, word=failure.word, reason=failure.reason)
    if len(values) < 2 or band.low is None or band.high is None:
        return replace(found, reason=one if values else "not run")
    place = equivalent(values, low=band.low, high=band.high)
    if place != "open":
        return replace(found, word="reproduced" if place == "inside" else "differs")
    needed = _needed(found, low=band.low, high=band.high, values=values)
    return replace(found, reason="" if needed else TOO_MANY, rng_seeds_needed=needed)


def _band(printed: Printed, margin: Margin | None) -> Band:
    value, half = printed.value or 0.0, printed.half_unit or 0.0
    if margin is None:
        return Band(printed=value, margin=None, low=None, high=None)
    width = margin.of(value)
    room = width + half
    return Band(printed=value, margin=width, low=value - room, high=value + room)


def _numbers(values: Sequence[float], band: Band) -> Verdict:
    """Return an undecided verdict that holds what the values say."""
    found = summary(values) if values else None
    several = len(values) > 1
    return Verdict(
        word="undecided",
        n=len(values),
        mean=found.mean if found else None,
        interval=found.interval if found and several else None,
        printed=band.printed,
        margin=band.margin,
        low=band.low,
        high=band.high,
        within_spread=band.printed in prediction_interval(values) if several else None,
    )


def _needed(found: Verdict, *, low: float, high: float, values: Sequence[float]) -> int | None:
    """Return how many rng_seeds would tell; more than there are, since these did not."""
    mean, sd = found.mean or 0.0, summary(values).sd or 0.0
    room = min(mean - low, high - mean)
    needed = seeds_to_confirm(room, sd) if room > 0 else seeds_to_detect(room, sd)
    return needed and max(needed, found.n + 1)


def _memory(cell: Cell, *, obstacles: Sequence[str]) -> Verdict:
    """Return the verdict beside a printed "out of memory"."""
    if no_memory(cell):
        return _decided("reproduced", "", obstacles=obstacles, n=cell.planned)
    if cell.n:
        found = _decided("differs", "it fits into memory", obstacles=obstacles, n=cell.n)
        return replace(found, mean=cell.mean)
    if _OOM in cell.outcomes and len(cell.outcomes) == 1:
        count = cell.outcomes[_OOM]
        why = f"{count} of {cell.planned} rng_seeds OOM, {cell.missing} not run"
        return _decided("undecided", why, obstacles=obstacles, n=count)
    why = (failure(cell) or Verdict(word="undecided")).reason
    return _decided("undecided", why, obstacles=obstacles)


def _count(cell: Cell, printed: Printed, *, obstacles: Sequence[str]) -> Verdict:
    """Return whether every count rounds to the printed string, half of a unit upwards."""
    value, half = printed.value or 0.0, printed.half_unit or 0.0
    low, high = value - half, value + half
    equal = all(low <= one < high for one in cell.values)
    word: Word = "reproduced" if equal else "differs"
    why = ""
    if not cell.n:
        word, why = "undecided", (failure(cell) or Verdict(word="undecided")).reason
    found = _decided(word, why, obstacles=obstacles, n=cell.n)
    return replace(found, mean=cell.mean, printed=value, margin=0.0, low=low, high=high)


def _decided(word: Word, reason: str, *, obstacles: Sequence[str], n: int = 0) -> Verdict:
    if obstacles:
        word, reason = "not comparable", together(obstacles)
    return Verdict(word=word, reason=reason, exact=True, n=n)


def _every(cell: Cell, outcome: str) -> bool:
    return bool(cell.planned) and cell.outcomes.get(outcome, 0) == cell.planned
