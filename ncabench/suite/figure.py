"""What a suite says of a figure, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class FigureLine:
    """A line of a figure: its label, and the row of each point, or one row for all."""

    label: str
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FigurePanel:
    """A panel of a figure: its label, and the column of each point, or one for all."""

    label: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How a table's cells go with a number, such as the side of an image.

    Every point is a cell of the table: in each panel each line has a point for each of
    ``at``. Rows go by their labels, columns by their groups and labels, such as
    ``"64 x 64 Batch 8"``.

    Attributes:
        id: its name, and that of its files.
        title: over it.
        table: the table, by its id.
        along: what ``at`` is, with its unit: the name of the horizontal axis.
        at: where along it each point stands.
        lines: in the order of the legend.
        panels: side by side.
        value: the name of a vertical axis that all panels share, with its unit; ``""`` gives
            each panel one of its own, with the panel's label.
        scale: of the axes; on ``"log"`` equal ratios are equal lengths.
    """

    id: str
    title: str
    table: str
    along: str
    at: tuple[float, ...]
    lines: tuple[FigureLine, ...]
    panels: tuple[FigurePanel, ...]
    value: str = ""
    scale: Literal["log", "linear"] = "log"
