"""Every figure of a suite's report, before and after it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import comparisons, grids, lines, maps, trends
from ncabench.report.drawn import curves
from ncabench.report.drawn import grids as drawn_grids
from ncabench.report.drawn import trends as drawn_trends
from ncabench.report.drawn.canvas import Form
from ncabench.report.grids import Grid
from ncabench.report.judged import JudgedTable
from ncabench.report.lines import Drawing
from ncabench.report.trends import Trend
from ncabench.report.view import Picture


class Drawable(Protocol):
    """What can be drawn: one of ``DRAWERS``."""

    @property
    def name(self) -> str:
        """Of its files, without their ending."""

    @property
    def caption(self) -> str:
        """What it shows, and where that was measured."""


DRAWERS: Mapping[type, Callable[[Any, Form], bytes]] = {
    Drawing: curves.draw,
    Trend: drawn_trends.draw,
    Grid: drawn_grids.draw,
}


def collect(
    plan: Plan, runs: Sequence[StoredRun], *, judged: Sequence[JudgedTable]
) -> tuple[Drawable, ...]:
    """Return the figures of a plan's suite: its own, then curves, panels, films and maps.

    Raises:
        RecordError: a run's files are damaged.
    """
    sources = grids.sources(plan, runs)
    return (
        *trends.trends(plan, judged),
        *lines.drawings(plan, runs),
        *comparisons.comparisons(plan.suite, sources),
        *maps.maps(plan.suite, sources),
    )


def draw(one: Drawable, *, form: Form) -> bytes:
    """Return a figure as a PNG or a PDF, without dates or versions in it."""
    return DRAWERS[type(one)](one, form)


def picture(one: Drawable, *, folder: str) -> Picture:
    """Return a figure as the report shows it."""
    path = Path(folder) / f"{one.name}.png"
    return Picture(caption=one.caption, path=path, data=draw(one, form="png"))
