from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report import tables
from ncabench.report.judged import judged
from ncabench.suite import document

SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.toml"))


def views(plan, runs):
    return tables.views(plan, judged(plan, runs))


def test_rows_and_columns_stand_in_the_papers_order_with_the_printed_beside(plan, runs):
    view = views(plan, runs)[0]
    sobel = [(cell.measured, cell.printed) for cell in view.rows[0].cells]
    assert [row.label for row in view.rows] == ["Sobel", "Conv 3x3", "U-Net"]
    assert sobel == [
        ("0.110 ± 0.014 (n=2)", "0.152"),
        ("55.00 ± 7.07 (n=2)", "84.92"),
        ("0.110 ± 0.014 (n=2)", "0.151"),
        ("8,096", "8k"),
    ]


def test_groups_span_neighbouring_columns(plan, runs):
    view = views(plan, runs)[0]
    assert view.sections() == [
        ("Damage", range(2)),
        ("Mutation", range(2, 3)),
        ("", range(3, 4)),
    ]


def test_a_dash_of_the_paper_stands_beside_a_value_that_the_protocol_lacks(plan, runs):
    cell = views(plan, runs)[0].rows[2].cells[0]
    assert (cell.measured, cell.printed) == ("\u2013", "-")


def test_footnotes_are_numbered_as_they_are_met_and_all_used(plan, runs):
    view = views(plan, runs)[0]
    rows = [mark for row in view.rows for mark in row.marks]
    cells = [mark for row in view.rows for cell in row.cells for mark in cell.marks]
    heads = [mark for head in view.heads for mark in head.marks]
    assert (view.marks, heads, rows) == ((1, 2), [3, 3], [5])
    assert cells == [4, 6, 6]
    assert len(view.notes) == 6


def test_another_device_is_never_mixed_in(plan, runs, store):
    entry = plan.evaluations({"perception": "sobel", "perturbation": "damage"})[0]
    stray = store(entry, {"perceptual/stage_1": 99.0}, device_class="nvidia-h200")
    shown, alone = views(plan, [*runs, stray])[0], views(plan, runs)[0]
    assert shown.rows == alone.rows
    assert "Also measured, not shown here: nvidia-h200." in shown.captions


def test_a_table_does_not_tell_when_or_how_fast_its_runs_ran(plan, runs):
    later = [
        replace(run, ended_at="2030-01-01", seconds=99.0, run_id=f"x{run.run_id}", device="B")
        for run in reversed(runs)
    ]
    assert views(plan, later) == views(plan, runs)


def test_the_verdict_that_most_cells_share_is_told_once_above(plan, runs):
    view = views(plan, runs)[0]
    shown = [
        [cell.verdict.text if cell.verdict else "" for cell in row.cells] for row in view.rows
    ]
    assert shown == [
        ["n/c", "n/c", "n/c", "reproduced"],
        ["n/c", "n/c", "n/c", "reproduced"],
        ["", "n/c", "", "reproduced"],
    ]
    assert view.captions[-1] == (
        "n/c is not comparable: preset 'smoke'; ST-LPIPS (substitute for LPIPS)."
    )


def test_verdicts_that_few_cells_share_have_a_footnote_each(plan):
    suite = replace(plan.suite, preset="paper")
    view = views(replace(plan, suite=suite), [])[0]
    params = [row.cells[3].verdict for row in view.rows]
    assert {(one.text, one.marks) for one in params} == {("undecided", (5,))}
    assert view.notes[4] == "Undecided: not run."


def test_the_exact_numbers_go_with_the_cell(plan, runs):
    exact = views(plan, runs)[0].rows[0].cells[1].exact
    assert (exact["values"], exact["mean"], exact["printed_value"]) == (
        [50.0, 60.0],
        55.0,
        84.92,
    )
    assert (exact["n"], exact["planned"], exact["printed_half_unit"]) == (2, 2, 0.005)
    assert (exact["verdict"], exact["margin"]) == ("not comparable", 2.0)
    assert (exact["interval_low"], exact["interval_high"]) == (
        pytest.approx((-8.531, 118.531), abs=1e-3)
    )
    assert exact["rng_seeds"] == [0, 1]


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_printed_cell_that_a_shipped_suite_names_is_in_the_ledger(path):
    plan = planner.make(document.load(path, preset="smoke"))
    for view, table in zip(views(plan, []), plan.suite.tables, strict=True):
        keyed = [bool(table.paper_table and column.printed) for column in table.columns]
        assert [head.paired for head in view.heads] == keyed
        assert {cell.measured for row in view.rows for cell in row.cells} <= {
            "not run",
            "not planned",
            "no data",
        }


def test_every_format_is_told_which_value_is_the_best(plan, runs):
    better = [
        replace(run, values={**run.values, "perceptual/stage_1": at})
        if run.role == "evaluation" and run.labels[0].get("perception") == "conv3x3"
        else run
        for run in runs
        for at in [0.05 + 0.0201 * int(run.labels[0].get("rng_seed", 0))]
    ]
    view = views(plan, better)[0]
    assert [row.cells[0].best for row in view.rows] == [False, True, False]
    assert [row.cells[0].exact["best"] for row in view.rows] == [False, True, None]
    assert [row.cells[1].exact["best"] for row in view.rows] == [None, None, None]
    assert view.ranked.startswith("the best mean of its column")
