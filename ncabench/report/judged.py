"""A suite's tables with everything in them judged, before anything is written."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ncabench.papers import ledger
from ncabench.papers.ledger import Printed
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import obstacles, ratios, verdicts
from ncabench.report.cells import Cell, gather, matching, source
from ncabench.report.chosen import Chosen, choose
from ncabench.report.margins import COST, COUNT, is_cost, margin_of
from ncabench.report.ratios import Reference
from ncabench.report.verdicts import Verdict
from ncabench.suite.suite import Column, Row, Suite, Table


@dataclass(frozen=True, kw_only=True)
class JudgedTable:
    """A table's cells and their verdicts, by row and column.

    Attributes:
        table: as the suite has it.
        chosen: the runs that it shows.
        cells: one for each row and column.
        verdicts: likewise; None where the paper prints nothing to agree with.
    """

    table: Table
    chosen: Chosen
    cells: tuple[tuple[Cell, ...], ...]
    verdicts: tuple[tuple[Verdict | None, ...], ...]


def judged(plan: Plan, runs: Sequence[StoredRun]) -> tuple[JudgedTable, ...]:
    """Return every table of the plan's suite, judged on the device that the table shows."""
    return tuple(_judged(plan, runs, table=table) for table in plan.suite.tables)


def verdicts_of(plan: Plan, runs: Sequence[StoredRun]) -> dict[str, Verdict]:
    """Return every verdict of the suite's tables, as ``"table id/row/column"``.

    Rows and columns go by their labels (a column's after its group's), with the name of the
    printed one in parentheses where labels repeat.
    """
    found = {}
    for one in judged(plan, runs):
        rows = _unique([(row.label, row.printed) for row in one.table.rows])
        heads = [(f"{col.group} {col.label}".strip(), col.printed) for col in one.table.columns]
        columns = _unique(heads)
        for row, line in zip(rows, one.verdicts, strict=True):
            for column, verdict in zip(columns, line, strict=True):
                if verdict is not None:
                    found[f"{one.table.id}/{row}/{column}"] = verdict
    return found


def chosen_for(plan: Plan, runs: Sequence[StoredRun], *, table: Table) -> Chosen:
    """Return the runs that a table shows."""
    shown = [
        entry
        for row in table.rows
        for column in table.columns
        for entry in matching(plan.entries, row=row, column=column)
    ]
    needed = {id for entry in shown for id in entry.behind}
    trainings = [one for one in plan.entries if one.role == "training" and one.id in needed]
    return choose([*trainings, *shown], runs)


def printed_cell(suite: Suite, table: Table, *, row: Row, column: Column) -> Printed | None:
    """Return what the paper prints in a cell of the table, or None."""
    if not (suite.paper and table.paper_table and row.printed and column.printed):
        return None
    return ledger.load(suite.paper).printed(table.paper_table, row.printed, column.printed)


@dataclass(frozen=True, kw_only=True)
class PrintedPlace:
    """A cell of a suite's table beside which the paper prints something."""

    table: Table
    row: Row
    column: Column
    printed: Printed


def printed_places(suite: Suite) -> Iterator[PrintedPlace]:
    """Yield every such cell, table by table and row by row."""
    for table in suite.tables:
        for row, column in itertools.product(table.rows, table.columns):
            printed = printed_cell(suite, table, row=row, column=column)
            if printed is not None:
                yield PrintedPlace(table=table, row=row, column=column, printed=printed)


def _judged(plan: Plan, runs: Sequence[StoredRun], *, table: Table) -> JudgedTable:
    suite, chosen = plan.suite, chosen_for(plan, runs, table=table)
    by_column, words = [], []
    for column in table.columns:
        cells = [
            gather(
                plan.entries,
                chosen,
                row=row,
                column=column,
                printed=printed_cell(suite, table, row=row, column=column),
            )
            for row in table.rows
        ]
        judge = _Column(plan=plan, table=table, column=column, chosen=chosen, cells=cells)
        by_column.append(cells)
        words.append([judge.verdict(place) for place in range(len(cells))])
    return JudgedTable(
        table=table,
        chosen=chosen,
        cells=tuple(zip(*by_column, strict=True)),
        verdicts=tuple(zip(*words, strict=True)),
    )


@dataclass(frozen=True, kw_only=True)
class _Column:
    """Judges the cells of one column."""

    plan: Plan
    table: Table
    column: Column
    chosen: Chosen
    cells: Sequence[Cell]

    def verdict(self, place: int) -> Verdict | None:
        cell, column = self.cells[place], self.column
        printed = cell.printed
        if printed is None or not verdicts.comparable(printed):
            return None
        entries = matching(self.plan.entries, row=self.table.rows[place], column=column)
        runs = [run for one in entries if (run := self.chosen.run(one.role, one.id))]
        reasons = self._obstacles(place, printed, entries=entries, runs=runs)
        memory = obstacles.of_memory(
            self.plan.suite,
            runs,
            hardware=printed.hardware,
            device_class=self.chosen.device_class,
        )
        margin = margin_of(printed, column.margin)
        if is_cost(printed) and not printed.out_of_memory:
            return ratios.judge(
                cell,
                reference=self._reference(),
                margin=margin or COST,
                obstacles=reasons,
                memory=memory,
                one="one profile" if source(column.value)[0] == "profile" else verdicts.ONE,
            )
        return verdicts.judge(cell, margin=margin, obstacles=reasons, memory=memory)

    def _obstacles(
        self,
        place: int,
        printed: Printed,
        *,
        entries: Sequence[Entry],
        runs: Sequence[StoredRun],
    ) -> tuple[str, ...]:
        suite, row, column = self.plan.suite, self.table.rows[place], self.column
        if printed.metric == COUNT:
            return obstacles.of_count(suite, entries, row=row, column=column)
        if is_cost(printed) or printed.out_of_memory:
            return obstacles.of_cost(suite, entries, row=row, column=column, runs=runs)
        return obstacles.of_value(suite, entries, row=row, column=column, metric=printed.metric)

    def _reference(self) -> Reference | None:
        names = [row.printed for row in self.table.rows]
        place = ratios.reference_row(self.cells, names, wanted=self.column.ratio_to)
        if place is None:
            return None
        return Reference(label=self.table.rows[place].label, cell=self.cells[place])


def _unique(names: Sequence[tuple[str, str]]) -> list[str]:
    """Return labels, those that repeat with a second name, and a number if need be.

    >>> _unique([("NCA", "nca"), ("U-Net", "a"), ("U-Net", "b")])
    ['NCA', 'U-Net (a)', 'U-Net (b)']
    """
    labels = Counter(label for label, _ in names)
    named = [f"{one} ({two})" if labels[one] > 1 else one for one, two in names]
    seen: Counter[str] = Counter()
    unique = []
    for name in named:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return unique
