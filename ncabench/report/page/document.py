"""All that the page shows, as one JSON document; the page's script only displays it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import cost
from ncabench.report.cells import Cell
from ncabench.report.coverage import NOT_RUN
from ncabench.report.page import curves, overview, pictures, strips, unshown
from ncabench.report.page.gathered import Gathered, gather
from ncabench.report.page.pictures import Pictures
from ncabench.report.page.recorded import Recorded, in_order
from ncabench.report.page.strips import Strips
from ncabench.report.view import CellView, TableView

Json = dict[str, Any]
MOST_BYTES = 14_500_000  # of the document, as it is written
SAID = 1_000  # of these at most, what is left out


def build(
    plans: Sequence[Plan], runs: Sequence[StoredRun], *, most_bytes: int = MOST_BYTES
) -> Json:
    """Return what the page shows of the plans' suites; the same runs give the same document.

    Every run is in it, also those of no plan.

    Args:
        plans: of the suites that are reported, each preset and overlay of a suite apart.
        runs: all that is stored, of these suites and of others, and the suites themselves.
        most_bytes: of the document. Pictures that do not fit stay out, and where nothing
            fits, curves of runs do; it says so. What is left is never cut.

    Raises:
        RecordError: a run's files are missing or damaged.
    """
    gathered = sorted(
        (gather(plan, runs) for plan in plans),
        key=lambda one: (one.plan.suite.paper, one.plan.suite.name, _key(one.plan)),
    )
    stored = in_order([run for run in runs if run.role != "suite"])
    recorded = Recorded(stored)
    known = {run.run_id for one in gathered for run in one.runs}
    strays = {recorded.place(run.run_id): run for run in stored if run.run_id not in known}
    suites = [_suite(one, recorded) for one in gathered]
    remembered = [run for run in runs if run.role == "suite"]
    content = {
        "papers": overview.papers(gathered),
        "suites": [*suites, *unshown.suites(strays, remembered, recorded)],
        "runs": recorded.runs,
        "environments": recorded.facts.environments,
        "sources": recorded.facts.sources,
    }
    room = most_bytes - SAID - len(json.dumps(content))
    crowded = room < 0
    if crowded:
        room += recorded.without_curves()
    drawn = pictures.collect(gathered, most_bytes=room)
    for suite, found in zip(suites, drawn.of, strict=True):
        suite["pictures"] = found
    films = strips.collect(stored, most_bytes=room - drawn.bytes)
    recorded.picture(films)
    return {**content, "left_out": _left_out(films, drawn, curves_too=crowded)}


def _left_out(films: Strips, drawn: Pictures, *, curves_too: bool) -> list[str]:
    lines = [
        "Figures for print, and the tables in other formats, are in the folder of each suite.",
        f"Curves of trainings have at most {curves.POINTS} points each, and no digits beyond "
        f"the first {curves.DIGITS}; records have all of them.",
        "Weights, and each sample's own numbers, are in the records.",
    ]
    if curves_too:
        lines.append("Curves of single runs: the page has no room for those of so many.")
    if drawn.left_out:
        lines.append(
            f"{drawn.left_out} of {drawn.kept} figures: the page has no room for them."
        )
    if films.left_out:
        lines.append(
            f"{films.left_out} of {films.kept} filmstrips: the page has at most {strips.EACH} "
            "of a run, and as many as it has room for; wide ones are shown smaller."
        )
    return lines


def _key(plan: Plan) -> str:
    return ",".join([f"{plan.suite.name}-{plan.suite.preset}", *plan.suite.sets])


def _suite(one: Gathered, recorded: Recorded) -> Json:
    suite = one.plan.suite
    shown = [
        *(
            _table(view, judged.cells, recorded)
            for view, judged in zip(one.views, one.judged, strict=True)
        ),
        *_costs(one, recorded),
    ]
    places = [
        at
        for each in shown
        for row in each["rows"]
        for cell in row["cells"]
        for at in cell["runs"]
    ]
    others = {recorded.place(run.run_id) for run in one.runs} - recorded.reached(places)
    return {
        "key": _key(one.plan),
        "name": suite.name,
        "when": "",
        "title": suite.title,
        "paper": suite.paper,
        "preset": suite.preset,
        "set": list(suite.sets),
        "summary": list(one.summary),
        "figures": curves.bands(one.plan, one.runs),
        "pictures": [],
        "tables": [*shown, *([unshown.table(others, recorded)] if others else [])],
    }


def _costs(one: Gathered, recorded: Recorded) -> list[Json]:
    """The table of costs, if anything in it was run."""
    timed = cost.traced(one.plan, one.runs)
    if not any(timed):
        return []
    view = cost.view(one.plan, one.runs)
    lines = [
        [
            unshown.opening(
                sorted(recorded.place(run.run_id) for run in runs),
                recorded,
                measured=shown.measured,
            )
            for shown in row.cells
        ]
        for row, runs in zip(view.rows, timed, strict=True)
    ]
    return [_laid_out(view, lines)]


def _table(view: TableView, cells: Sequence[Sequence[Cell]], recorded: Recorded) -> Json:
    lines = [
        [_cell(shown, cell, recorded) for shown, cell in zip(row.cells, line, strict=True)]
        for row, line in zip(view.rows, cells, strict=True)
    ]
    return _laid_out(view, lines)


def _laid_out(view: TableView, lines: Sequence[Sequence[Json]]) -> Json:
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
            {"label": row.label, "notes": list(row.marks), "cells": list(line)}
            for row, line in zip(view.rows, lines, strict=True)
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
