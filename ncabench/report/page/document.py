"""All that the page shows, as one JSON document; the page's script only displays it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report.cells import Cell
from ncabench.report.coverage import NOT_RUN
from ncabench.report.page import overview, strips
from ncabench.report.page.gathered import Gathered, gather
from ncabench.report.page.recorded import Recorded
from ncabench.report.page.strips import Strips
from ncabench.report.view import CellView, TableView

Json = dict[str, Any]


def build(plans: Sequence[Plan], runs: Sequence[StoredRun]) -> Json:
    """Return what the page shows of the plans' suites; the same runs give the same document.

    Args:
        plans: of the suites that are reported.
        runs: all that is stored, of these suites and of others.

    Raises:
        RecordError: a run's files are missing or damaged.
    """
    gathered = sorted(
        (gather(plan, runs) for plan in plans),
        key=lambda one: (one.plan.suite.paper, one.plan.suite.name, one.plan.suite.preset),
    )
    known = {run.run_id: run for one in gathered for run in one.runs}
    pictured = sorted(known.values(), key=lambda run: (run.role, *run.key, run.digest))
    films = strips.collect(pictured)
    recorded = Recorded(pictured, strips=films)
    entries = [run for run in runs if run.role != "suite"]
    return {
        "papers": overview.papers(gathered),
        "suites": [_suite(one, recorded) for one in gathered],
        "runs": recorded.runs,
        "environments": recorded.environments,
        "left_out": _left_out(films, others=len(entries) - len(known)),
    }


def _left_out(films: Strips, *, others: int) -> list[str]:
    lines = ["Cost tables, and figures with bands, are in the folder of each suite."]
    if films.left_out:
        lines.append(
            f"{films.left_out} of {films.kept} filmstrips: the page has at most {strips.EACH} "
            f"of a run, and {strips.MOST_BYTES / 1e6:g} MB of pictures in all; wide ones are "
            "shown smaller."
        )
    if others:
        lines.append(
            f"{others} stored runs: no suite that was run here, as it was last asked for, "
            "has them."
        )
    return lines


def _suite(one: Gathered, recorded: Recorded) -> Json:
    suite = one.plan.suite
    return {
        "name": suite.name,
        "title": suite.title,
        "paper": suite.paper,
        "preset": suite.preset,
        "set": list(suite.sets),
        "summary": list(one.summary),
        "tables": [
            _table(view, judged.cells, recorded)
            for view, judged in zip(one.views, one.judged, strict=True)
        ],
    }


def _table(view: TableView, cells: Sequence[Sequence[Cell]], recorded: Recorded) -> Json:
    return {
        "id": view.id,
        "title": view.title,
        "captions": list(view.captions),
        "row_head": view.row_head,
        "heads": [
            {"group": head.group, "label": head.label, "notes": list(head.marks)}
            for head in view.heads
        ],
        "rows": [
            {
                "label": row.label,
                "notes": list(row.marks),
                "cells": [
                    _cell(shown, cell, recorded)
                    for shown, cell in zip(row.cells, line, strict=True)
                ],
            }
            for row, line in zip(view.rows, cells, strict=True)
        ],
        "notes": list(view.notes),
        "title_notes": list(view.marks),
    }


def _cell(shown: CellView, cell: Cell, recorded: Recorded) -> Json:
    verdict = shown.verdict
    return {
        "measured": shown.measured,
        "value": shown.exact["value"],
        "n": cell.n,
        "planned": cell.planned,
        "printed": shown.printed,
        "verdict": verdict.word if verdict else "",
        "reason": verdict.reason if verdict else "",
        "needs": verdict.needs if verdict else "",
        "ratio": verdict.ratio if verdict else "",
        "outcomes": _outcomes(cell),
        "notes": list(shown.all_marks),
        "runs": sorted(recorded.place(run_id) for run_id in cell.run_ids),
    }


def _outcomes(cell: Cell) -> list[str]:
    """Return how the cell's entries ended, each word once."""
    if not cell.planned:
        return ["not planned"]
    words = ["ok"] if cell.n else []
    return [*words, *sorted(cell.outcomes), *([NOT_RUN] if cell.missing else [])]
