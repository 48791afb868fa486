"""A suite's tables of measured quality, in the paper's own order, the printed beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ncabench.papers import ledger
from ncabench.papers.ledger import Printed
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import captions, footnotes, heads
from ncabench.report.cells import Cell, gather, matching
from ncabench.report.chosen import Chosen, choose
from ncabench.report.rendered import measured
from ncabench.report.view import CellView, Head, Notes, RowView, TableView
from ncabench.suite.suite import Column, Row, Suite, Table


def views(plan: Plan, runs: Sequence[StoredRun]) -> tuple[TableView, ...]:
    """Return every table of the plan's suite.

    Nothing in them depends on when, how fast or on which host the runs ran: the same
    numbers give the same tables, byte for byte.
    """
    return tuple(_view(plan, runs, table=table) for table in plan.suite.tables)


def chosen_for(plan: Plan, runs: Sequence[StoredRun], *, table: Table) -> Chosen:
    """Return the runs that a table shows."""
    return choose(_entries(plan, table), runs)


def _entries(plan: Plan, table: Table) -> list[Entry]:
    shown = [
        entry
        for row in table.rows
        for column in table.columns
        for entry in matching(plan.entries, row=row, column=column)
    ]
    needed = {entry.needs for entry in shown}
    trainings = [one for one in plan.entries if one.role == "training" and one.id in needed]
    return [*trainings, *shown]


def _view(plan: Plan, runs: Sequence[StoredRun], *, table: Table) -> TableView:
    suite, notes = plan.suite, Notes()
    chosen = chosen_for(plan, runs, table=table)
    deviations = footnotes.Deviations(suite, table=table, entries=plan.entries)
    marks = notes.marks(deviations.on_title())
    columns = tuple(
        _head(suite, table, column=column, marks=notes.marks(deviations.on_column(place)))
        for place, column in enumerate(table.columns)
    )
    rows = []
    for place, row in enumerate(table.rows):
        row_marks = notes.marks(deviations.on_row(place))
        cells = []
        for beside, column in enumerate(table.columns):
            printed = _printed(suite, table, row=row, column=column)
            cell = gather(plan.entries, chosen, row=row, column=column, printed=printed)
            texts = [*deviations.on_cell(place, beside), *footnotes.of_cell(cell)]
            cells.append(_cell_view(suite, column, cell=cell, marks=notes.marks(texts)))
        rows.append(RowView(label=row.label, cells=tuple(cells), marks=row_marks))
    return TableView(
        id=table.id,
        title=table.title,
        captions=captions.quality(suite, table=table, chosen=chosen),
        row_head=_row_head(table),
        heads=columns,
        rows=tuple(rows),
        notes=notes.texts,
        marks=marks,
    )


def _head(suite: Suite, table: Table, *, column: Column, marks: tuple[int, ...]) -> Head:
    cells = [_printed(suite, table, row=row, column=column) for row in table.rows]
    metric = next((cell.metric for cell in cells if cell), "")
    return Head(
        label=heads.head(suite, column, printed_metric=metric),
        group=column.group,
        paired=any(cells),
        marks=marks,
    )


def _printed(suite: Suite, table: Table, *, row: Row, column: Column) -> Printed | None:
    if not (suite.paper and table.paper_table and row.printed and column.printed):
        return None
    return ledger.load(suite.paper).printed(table.paper_table, row.printed, column.printed)


def _cell_view(suite: Suite, column: Column, *, cell: Cell, marks: tuple[int, ...]) -> CellView:
    exact = column.value == "parameters"
    text = measured(cell, decimals=0 if exact else column.decimals, exact=exact)
    text = text.replace("OOM", captions.oom_word(suite))
    printed = cell.printed.text if cell.printed else ""
    return CellView(measured=text, printed=printed, marks=marks, exact=_exact(column, cell))


def _exact(column: Column, cell: Cell) -> dict[str, Any]:
    printed = cell.printed
    return {
        "value": column.value,
        "n": cell.n,
        "planned": cell.planned,
        "mean": cell.mean,
        "sd": cell.sd,
        "values": list(cell.values),
        "failed": dict(sorted(cell.outcomes.items())),
        "not_run": cell.missing,
        "printed": printed.text if printed else None,
        "printed_value": printed.value if printed else None,
        "printed_half_unit": printed.half_unit if printed else None,
    }


def _row_head(table: Table) -> str:
    axes = [axis for row in table.rows for axis in row.where]
    for axis, name in (("perception", "Perception"), ("recipe", "Training setup")):
        if axis in axes:
            return name
    return axes[0].capitalize() if axes else "Row"
