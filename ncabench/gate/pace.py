"""Time against a baseline: as a ratio to a reference workload, over processes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ncabench.gate.baseline import MEASURES, Captures, Machine, Pace, Timing
from ncabench.gate.verdict import Checked, Word
from ncabench.stats.ranks import mann_whitney

PROCESSES = 7  # against two captures of seven, the least p is 0.00001
P_VALUE = 0.01
LEAST_CHANGE = 0.08  # on like hardware
LEAST_CHANGE_ELSEWHERE = 0.50  # a Xeon and an EPYC were 21 % apart with the same code
QUIET = 0.95  # share of its cores from which the reference workload had them to itself


def base_for(machine: Machine, timings: Sequence[Timing]) -> tuple[Timing | None, bool]:
    """Return the timing to compare with, and whether it is of like hardware."""
    alike = [one for one in timings if one.machine.like(machine)]
    if alike:
        return alike[0], True
    kin = [one for one in timings if one.machine.device_class == machine.device_class]
    return (kin[0], False) if kin else (None, False)


def joined(captures: Sequence[Timing]) -> tuple[Timing, ...]:
    """Return captures of one machine as one timing, of the cells that all of them have."""
    if not captures:
        return ()
    first, *others = captures
    cells = {
        name: _with(one, [other.cells[name] for other in others])
        for name, one in first.cells.items()
        if all(name in other.cells for other in others)
    }
    return (replace(first, cells=cells),)


def compare(cell: str, base: Pace, now: Pace, *, like: bool) -> Checked:
    """Return how the ratios of ``now`` stand to the baseline's.

    One value is one process: its time over that of the reference workload, which took turns
    with it. Slower is what a Mann-Whitney test finds larger (p < 0.01) by more than the
    least change, or than the baseline's own captures differ. The processor's time decides
    where there is one, since it leaves out waiting for a core; the wall clock too, which
    does not leave out sleeping, where the reference workload had its cores to itself.

    Args:
        cell: its name.
        base: the baseline's cell.
        now: one capture.
        like: both were measured on like hardware.
    """
    if base.reference_version != now.reference_version or base.id != now.id:
        what = "profile" if base.id != now.id else "reference workload"
        reason = f"another {what} than the baseline's"
        return Checked(cell=cell, part="time", word="outdated", reason=reason)
    clocks = [
        _by_clock(getattr(base, clock), getattr(now, clock), like=like)
        for clock in _clocks(base, now)
    ]
    found = next((one for one in clocks if one.word == "slower"), clocks[0])
    return Checked(
        cell=cell,
        part="time",
        word=found.word,
        before=found.before,
        now=found.now,
        change=found.now / found.before - 1,
        tolerance=found.limit,
        n=found.n,
        reason=_absolute(base, now, like=like),
    )


def least_change(captures: Captures, *, like: bool) -> float:
    """Return the relative change from which on a difference counts."""
    medians = [statistics.median(capture) for capture in captures]
    learned = max(medians) / min(medians) - 1
    return max(LEAST_CHANGE if like else LEAST_CHANGE_ELSEWHERE, learned)


def disagreement(cell: str, pace: Pace) -> str:
    """Return how the captures of one baseline contradict each other, or ``""``."""
    captures = pace.cpu or pace.wall
    change = statistics.median(captures[-1]) / statistics.median(captures[0]) - 1
    if abs(change) <= LEAST_CHANGE:
        return ""
    return f"{cell}: the second capture took {change:+.1%} of the reference's time"


@dataclass(frozen=True, kw_only=True)
class _Clock:
    word: Word
    before: float
    now: float
    limit: float
    n: int


def _clocks(base: Pace, now: Pace) -> list[str]:
    if not (base.cpu and now.cpu):
        return ["wall"]
    quiet = [share for pace in (base, now) for capture in pace.quiet for share in capture]
    return ["cpu", "wall"] if min(quiet, default=0.0) >= QUIET else ["cpu"]


def _by_clock(base: Captures, now: Captures, *, like: bool) -> _Clock:
    earlier, ratios = [ratio for capture in base for ratio in capture], list(now[-1])
    before, after = statistics.median(earlier), statistics.median(ratios)
    change, limit = after / before - 1, least_change(base, like=like)
    slower = mann_whitney(earlier, ratios, alternative="less") < P_VALUE
    faster = mann_whitney(earlier, ratios, alternative="greater") < P_VALUE
    word: Word = "slower" if slower and change > limit else "ok"
    if faster and change < -limit:
        word = "faster"
    return _Clock(word=word, before=before, now=after, limit=limit, n=len(ratios))


def _with(first: Pace, others: Sequence[Pace]) -> Pace:
    """Return a pace with the captures of others added; a measure that one lacks is dropped."""
    found: dict[str, Any] = {}
    for measure in MEASURES:
        captures = [getattr(one, measure) for one in (first, *others)]
        found[measure] = (
            tuple(one for each in captures for one in each) if all(captures) else ()
        )
    return replace(first, **found)


def _absolute(base: Pace, now: Pace, *, like: bool) -> str:
    if not like:
        return "ms: not compared (other hardware)"
    before = statistics.median(ms for capture in base.ms for ms in capture)
    after = statistics.median(now.ms[-1])
    return f"ms: {before:.3f} before, {after:.3f} now ({after / before - 1:+.0%})"
