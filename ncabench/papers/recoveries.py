"""Recoveries as printed: which score just after the perturbation they imply, if any."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ncabench.interval import End, Interval
from ncabench.papers.finding import Finding, Verdict
from ncabench.papers.printed import SCALES, Recovery, Table


def implied(before: Interval, final: Interval, recovery: Interval) -> tuple[Interval, ...]:
    """Return which scores just after a perturbation fit the scores around it and the recovery.

    The recovery is ``100 (final - d) / (before - d)``, d being that score. Where it may be 100
    there are two intervals, for recoveries below and above 100; they may be unbounded.

    Args:
        before: the score before the perturbation.
        final: the score long after it.
        recovery: in percent.

    Source: NCAtorch, section 3.1.2 (the definition of the recovery, solved for d).

    >>> sobel = Interval(0.1235, 0.1245), Interval(0.1435, 0.1445), Interval(84.915, 84.925)
    >>> [f"{float(one.low):.3f}..{float(one.high):.3f}" for one in implied(*sobel)]
    ['0.250..0.263']
    """
    return tuple(_corners(before, final, lost) for lost in _lost(recovery))


def _lost(recovery: Interval) -> list[Interval]:
    """The share that is not recovered, taken apart at zero."""
    lost = 1 - recovery / 100
    if lost.low < 0 < lost.high:
        return [Interval(0.0, lost.high), Interval(lost.low, 0.0)]
    return [lost]


def _corners(before: Interval, final: Interval, lost: Interval) -> Interval:
    """The hull of ``p + (f - p) / lost``, monotone in each while ``lost`` keeps its sign."""
    side = 1.0 if lost.high > 0 else -1.0
    ends: list[End] = []
    for p, f, share in product(*((one.low, one.high) for one in (before, final, lost))):
        if share:
            ends.append(p + (f - p) / share)
        else:
            ends.append(math.copysign(math.inf, side * (f - p)) if f != p else p)
    return Interval(min(ends), max(ends))


def worse(
    before: Interval, final: Interval, recovery: Interval, *, metric: str
) -> Interval | None:
    """Return which of the implied scores are worse than before and on the metric's scale.

    >>> better = Interval(0.0605, 0.0615), Interval(0.0545, 0.0555), Interval(99.255, 99.265)
    >>> worse(*better, metric="LPIPS")  # better at the end, and yet below 100 %: none
    """
    least, most, higher = SCALES[metric]
    bounds = (least, before.high) if higher else (before.low, most)
    found = []
    for lost in _lost(recovery):
        moved = (final - before) / lost  # from the score before to the one just after
        one = _corners(before, final, lost).clipped(*bounds)
        if one and (moved.low < 0 if higher else moved.high > 0):
            found.append(one)
    if not found:
        return None
    return Interval(min(one.low for one in found), max(one.high for one in found))


def of_table(table: Table) -> Iterator[Finding]:
    """Return what the recoveries of a table imply, row by row and together."""
    for triple in table.recoveries:
        rows = [_Row(table=table, name=row, triple=triple) for row in table.rows]
        whole = [row.finding() for row in rows if row.printed]
        yield from whole
        yield _together(table, triple, whole)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One row's recovery, and the two scores that it is made of."""

    table: Table
    name: str
    triple: Recovery

    @property
    def columns(self) -> tuple[str, str, str]:
        return (self.triple.before, self.triple.final, self.triple.recovery)

    @property
    def intervals(self) -> list[Interval]:
        found = [self.table.interval(self.name, column) for column in self.columns]
        return [one for one in found if one]

    @property
    def printed(self) -> bool:
        return len(self.intervals) == len(self.columns)

    @property
    def metric(self) -> str:
        return self.table.cells[self.name][self.triple.before].metric

    def finding(self) -> Finding:
        before, final, recovery = self.intervals
        found = worse(before, final, recovery, metric=self.metric)
        verdict: Verdict = "consistent" if found else "impossible"
        if 100.0 in recovery and self._overshot(before, final):
            verdict = "clipped"
        return Finding(
            kind="recovery",
            verdict=verdict,
            text=f"{self._given()} {self._says(verdict, found)}",
            tables=(self.table.number,),
            rows=(self.name,),
            columns=self.columns,
            source=self.table.source,
            interval=found if verdict == "consistent" else None,
        )

    def _overshot(self, before: Interval, final: Interval) -> bool:
        """Whether the end is better than before, whatever the rounding hid."""
        return final.low > before.high if self._higher else final.high < before.low

    @property
    def _higher(self) -> bool:
        return SCALES[self.metric][2]

    def _given(self) -> str:
        cells = self.table.cells[self.name]
        before, final, recovery = (cells[column].text for column in self.columns)
        head = self.table.row_head(self.name)
        scores = f"{self.metric} {before} before and {final} at the end"
        return f"{head}: {scores} with a recovery of {recovery} %"

    def _says(self, verdict: Verdict, found: Interval | None) -> str:
        if verdict == "consistent" and found:
            if self._open(found):
                return "fit any worse score just after the perturbation"
            return f"imply {self._bounds(found)} just after the perturbation"
        if verdict == "clipped":
            bounds = f", unless it was {self._bounds(found)} just after" if found else ""
            return f"mean more than 100 %, clipped{bounds}"
        raw = " or ".join(self._bounds(one) for one in implied(*self.intervals))
        return f"fit no worse score just after the perturbation; they imply {raw}"

    def _open(self, found: Interval) -> bool:
        """Whether every score that is worse than before will do."""
        before = self.intervals[0]
        if self._higher:
            return found.low <= SCALES[self.metric][0] and found.high >= before.low
        return found.high >= SCALES[self.metric][1] and found.low <= before.high

    def _bounds(self, found: Interval) -> str:
        places = len(self.table.cells[self.name][self.triple.before].text.partition(".")[2])
        low, high = (f"{float(end):.{places}f}" for end in (found.low, found.high))
        if found.bounded:
            return low if low == high else f"{low} to {high}"
        if math.isfinite(found.low):
            return f"at least {low}"
        return f"at most {high}" if math.isfinite(found.high) else "any score"


def _together(table: Table, triple: Recovery, rows: Sequence[Finding]) -> Finding:
    """What the rows imply together; the score depends on the model: they need not agree."""
    found = {one.rows[0]: one.interval for one in rows if one.interval}
    highest = max(found, key=lambda row: found[row].low, default="")
    lowest = min(found, key=lambda row: found[row].high, default="")
    fits = not found or found[lowest].high >= found[highest].low
    text = "one score just after the perturbation fits every row that implies any"
    if not fits:
        least, most = float(found[highest].low), float(found[lowest].high)
        text = (
            "no one score just after the perturbation fits all rows: "
            f"{table.row_head(highest)} implies {least:.3g} or more, "
            f"{table.row_head(lowest)} {most:.3g} or less; "
            "it depends on the model, so this is no contradiction"
        )
    return Finding(
        kind="shared",
        verdict="one score fits" if fits else "no one score fits",
        text=f"{table.column_head(triple.recovery)}: {text}",
        tables=(table.number,),
        rows=tuple(found) if fits else (highest, lowest),
        columns=(triple.before, triple.final, triple.recovery),
        source=table.source,
    )
