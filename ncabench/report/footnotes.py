"""Which deviations, failures and warnings a table must tell, and where their marks stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ncabench.papers.ledger import Printed
from ncabench.plan.entry import Entry, matches
from ncabench.report.cells import UNDEFINED, Cell, matching
from ncabench.report.margins import margin_of, project_margin
from ncabench.report.rendered import DASH
from ncabench.report.verdicts import Verdict
from ncabench.suite.suite import Column, Deviation, Row, Suite, Table

_Points = Sequence[Mapping[str, Any]]  # the grid points behind one cell
_Held = list[list[bool]]  # for each row and column, whether a deviation holds for the cell

NO_VALUE = f"{DASH} (measured): this protocol gives no such value, or it is undefined there."

WITHIN_SPREAD = (
    "One more run here could well give the printed value (95 % prediction interval), though "
    "the mean differs from it."
)


class Deviations:
    """The deviations that apply to a table, and the place of their marks.

    A deviation that holds for every number of the table is marked at its title, otherwise
    at the rows and columns that it holds for whole, otherwise at single cells.
    """

    def __init__(self, suite: Suite, *, table: Table, entries: Sequence[Entry]) -> None:
        points = [
            [_points(entries, row=row, column=column) for column in table.columns]
            for row in table.rows
        ]
        placed = [(_text(one), _held(one, points)) for one in suite.deviations]
        self._placed = [(text, held) for text, held in placed if held is not None]

    def on_title(self) -> list[str]:
        """Return the deviations of the whole table, or of parts that no mark can show."""
        return [text for text, held in self._placed if _everywhere(held) or not _anywhere(held)]

    def on_row(self, row: int) -> list[str]:
        """Return the deviations of a whole row."""
        return [text for text, held in self._parted() if all(held[row])]

    def on_column(self, column: int) -> list[str]:
        """Return the deviations of a whole column."""
        return [text for text, held in self._parted() if all(line[column] for line in held)]

    def on_cell(self, row: int, column: int) -> list[str]:
        """Return the deviations of one cell that neither its row nor its column has."""
        whole = {*self.on_row(row), *self.on_column(column)}
        return [
            text for text, held in self._parted() if held[row][column] and text not in whole
        ]

    def _parted(self) -> list[tuple[str, _Held]]:
        return [(text, held) for text, held in self._placed if not _everywhere(held)]


def _points(entries: Sequence[Entry], *, row: Row, column: Column) -> list[Mapping[str, Any]]:
    """Return the grid points that a cell shows."""
    where = {**row.where, **column.where}
    found = matching(entries, row=row, column=column)
    return [label for entry in found for label in entry.labels if matches(label, where)]


def _held(deviation: Deviation, points: Sequence[Sequence[_Points]]) -> _Held | None:
    """Say for each cell whether all of its points are meant; None where no point is."""
    where = deviation.where
    if where and not any(
        matches(one, where) for line in points for cell in line for one in cell
    ):
        return None
    return [
        [bool(cell) and all(matches(one, where) for one in cell) for cell in line]
        for line in points
    ]


def _everywhere(held: _Held) -> bool:
    return all(map(all, held))


def _anywhere(held: _Held) -> bool:
    return any(map(any, held))


def of_cell(cell: Cell) -> list[str]:
    """Return the footnotes that a cell's runs ask for: reasons of failures, and warnings."""
    reasons = [f"{word}: {reason}" for word, reason in cell.reasons]
    undefined = [NO_VALUE] if UNDEFINED in cell.outcomes else []
    return [*undefined, *reasons, *(f"Warning: {text}" for text in cell.warnings)]


def of_verdict(verdict: Verdict) -> list[str]:
    """Return the footnotes of a verdict: why, and that single runs spread as far."""
    reason = f"{verdict.word.capitalize()}: {verdict.reason}." if verdict.reason else ""
    beside = [WITHIN_SPREAD] if verdict.word == "differs" and verdict.within_spread else []
    return [*([reason] if reason else []), *beside]


def of_margin(column: Column, printed: Iterable[Printed]) -> list[str]:
    """Return the footnote of a column that declares a margin of its own."""
    first = next((one for one in printed if one.value is not None), None)
    if column.margin is None or first is None:
        return []
    usual, here = project_margin(first), margin_of(first, column.margin)
    instead = f" instead of {usual}" if usual else f", and none is usual for {first.metric}"
    return [f"Deviation. Margin {here}{instead}."]


def _text(deviation: Deviation) -> str:
    source = f" Source: {_sentence(deviation.source)}" if deviation.source else ""
    here, why = _sentence(deviation.here), _sentence(deviation.why)
    return f"Deviation. Paper: {_sentence(deviation.paper)} Here: {here} Why: {why}{source}"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
