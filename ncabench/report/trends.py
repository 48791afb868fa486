"""How what a table shows goes with a number: measured, and as the paper prints it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ncabench.papers.ledger import Printed
from ncabench.plan.planner import Plan
from ncabench.report import captions, heads
from ncabench.report.cells import WORDS, Cell
from ncabench.report.judged import JudgedTable
from ncabench.suite.figure import Figure, FigureLine, FigurePanel
from ncabench.suite.figure_points import places
from ncabench.suite.suite import Suite


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where a line stands at one place along the horizontal axis.

    Attributes:
        at: that place.
        value: a mean, or None where memory ran out.
        spread: standard deviation over seeds or processes (ddof 1); 0 for one.
    """

    at: float
    value: float | None
    spread: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrendLine:
    """A line of a panel; what has no value and did not run out of memory is left out."""

    label: str
    measured: tuple[Point, ...]
    printed: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class TrendPanel:
    """Lines that share a vertical axis, and what is along it."""

    label: str
    lines: tuple[TrendLine, ...]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A suite's figure before it is drawn.

    Attributes:
        name: of its files, without their ending.
        title: over it.
        along: beside the horizontal axis.
        at: every place along it.
        value: beside the vertical axis that all panels share, or ``""``.
        scale: of both axes.
        device_class: where the runs ran.
        exhausted: what running out of memory is called.
        panels: side by side.
    """

    name: str
    title: str
    along: str
    at: tuple[float, ...]
    value: str
    scale: Literal["log", "linear"]
    device_class: str
    exhausted: str
    panels: tuple[TrendPanel, ...]

    @property
    def caption(self) -> str:
        """What it shows, and where that was measured."""
        return f"{self.title} ({self.device_class})"


def trends(plan: Plan, judged: Sequence[JudgedTable]) -> tuple[Trend, ...]:
    """Return the suite's figures in its order, but those of which nothing was measured."""
    tables = {one.table.id: one for one in judged}
    found = [_trend(plan.suite, one, tables[one.table]) for one in plan.suite.figures]
    return tuple(
        trend
        for trend in found
        if any(line.measured for panel in trend.panels for line in panel.lines)
    )


def _trend(suite: Suite, figure: Figure, judged: JudgedTable) -> Trend:
    return Trend(
        name=figure.id,
        title=figure.title,
        along=figure.along,
        at=figure.at,
        value=figure.value,
        scale=figure.scale,
        device_class=judged.chosen.device_class,
        exhausted=captions.oom_word(suite),
        panels=tuple(_panel(suite, figure, judged, panel=one) for one in figure.panels),
    )


def _panel(
    suite: Suite, figure: Figure, judged: JudgedTable, *, panel: FigurePanel
) -> TrendPanel:
    in_place = heads.in_place(suite)
    return TrendPanel(
        label=", ".join([panel.label, *in_place]),
        lines=tuple(_line(figure, judged, line=one, panel=panel) for one in figure.lines),
    )


def _line(
    figure: Figure, judged: JudgedTable, *, line: FigureLine, panel: FigurePanel
) -> TrendLine:
    shown = places(figure, judged.table, line=line, panel=panel)
    cells = [judged.cells[row][column] for row, column in shown]
    pairs = list(zip(figure.at, cells, strict=True))
    measured = [_measured(at, cell) for at, cell in pairs]
    printed = [_printed(at, cell.printed) for at, cell in pairs]
    return TrendLine(
        label=line.label,
        measured=tuple(one for one in measured if one is not None),
        printed=tuple(one for one in printed if one is not None),
    )


def _measured(at: float, cell: Cell) -> Point | None:
    if cell.mean is not None:
        return Point(at=at, value=cell.mean, spread=cell.sd or 0.0)
    return Point(at=at, value=None) if WORDS["oom"] in cell.outcomes else None


def _printed(at: float, printed: Printed | None) -> Point | None:
    if printed is None or (printed.value is None and not printed.out_of_memory):
        return None
    return Point(at=at, value=printed.value)
