from dataclasses import replace

import pytest

from ncabench.report import judged as judging
from ncabench.report import trends
from ncabench.report.trends import Point, TrendLine
from ncabench.suite.figure import Figure, FigureLine, FigurePanel


@pytest.fixture
def figured(plan):
    """The small suite with a figure: recovery and parameters along two rows."""
    figure = Figure(
        id="by_size",
        title="By size",
        table="perceptions",
        along="side (px)",
        at=(32.0, 64.0),
        lines=(FigureLine(label="Both", rows=("Sobel", "Conv 3x3")),),
        panels=(
            FigurePanel(label="Recovery (%)", columns=("Damage Reg. (%)",)),
            FigurePanel(label="Weights", columns=("Params.",)),
        ),
    )
    return replace(plan, suite=replace(plan.suite, figures=(figure,)))


def drawn(plan, runs):
    return trends.trends(plan, judging.judged(plan, runs))


def test_points_are_what_the_tables_cells_say(figured, runs):
    (trend,) = drawn(figured, runs)
    recovery, weights = (panel.lines[0] for panel in trend.panels)
    assert [one.value for one in recovery.measured] == [55.0, 55.0]
    assert recovery.measured[0].spread == pytest.approx(50**0.5)
    assert weights.measured == (Point(at=32.0, value=8096.0), Point(at=64.0, value=22976.0))


def test_the_printed_stands_beside_the_measured(figured, runs):
    (trend,) = drawn(figured, runs)
    assert trend.panels[0].lines[0].printed[0] == Point(at=32.0, value=84.92)
    assert trend.caption == "By size (cpu)"


def test_what_ran_out_of_memory_is_a_point_without_a_value(figured, runs):
    recovery = drawn(figured, [lost(one, "oom") for one in runs])[0].panels[0].lines[0]
    assert recovery.measured[0] == Point(at=32.0, value=None)
    assert recovery.measured[1].value == 55.0


def test_what_failed_otherwise_is_no_point(figured, runs):
    recovery = drawn(figured, [lost(one, "diverged") for one in runs])[0].panels[0].lines[0]
    assert [one.at for one in recovery.measured] == [64.0]


def test_a_figure_of_which_nothing_was_measured_is_not_drawn(figured):
    assert drawn(figured, []) == ()


def test_memory_is_said_to_be_emulated_where_it_was(figured, runs):
    limited = replace(figured.suite.execution, memory_limit_gb=24.0)
    plan = replace(figured, suite=replace(figured.suite, execution=limited))
    assert drawn(plan, runs)[0].exhausted == "OOM (24 GB emulated)"


def test_a_printed_loss_of_memory_has_no_value(figured, runs):
    judged = judging.judged(figured, runs)[0]
    cell = judged.cells[0][1]
    printed = replace(cell.printed, text="OOM")
    cells = ((judged.cells[0][0], replace(cell, printed=printed), *judged.cells[0][2:]),)
    (trend,) = trends.trends(figured, [replace(judged, cells=(*cells, *judged.cells[1:]))])
    line: TrendLine = trend.panels[0].lines[0]
    assert line.printed[0] == Point(at=32.0, value=None)


def lost(run, outcome):
    sobel = run.role == "evaluation" and run.labels[0].get("perception") == "sobel"
    return replace(run, outcome=outcome, values={}) if sobel else run
