from dataclasses import replace

import pytest

from ncabench.papers.ledger import Printed
from ncabench.report import footnotes
from ncabench.report.cells import Cell
from ncabench.report.verdicts import Verdict
from ncabench.suite.suite import Column, Deviation


@pytest.fixture
def placed(plan):
    """Return where the marks of a deviation with this `where` stand, by row and column."""

    def place(where):
        deviation = Deviation(paper="a", here="b", why="c", where=where)
        suite = replace(plan.suite, deviations=(deviation,))
        table = plan.suite.tables[0]
        found = footnotes.Deviations(suite, table=table, entries=plan.entries)
        places = ["title"] * len(found.on_title())
        places += [f"row {i}" for i in range(3) if found.on_row(i)]
        places += [f"column {j}" for j in range(4) if found.on_column(j)]
        cells = [(i, j) for i in range(3) for j in range(4)]
        return places + [f"cell {i},{j}" for i, j in cells if found.on_cell(i, j)]

    return place


@pytest.mark.parametrize(
    ("where", "places"),
    [
        ({}, ["title"]),
        ({"task": "emoji"}, ["title"]),
        ({"model": "nca"}, ["row 0", "row 1"]),
        ({"perception": "conv3x3"}, ["row 1"]),
        ({"perturbation": "damage"}, ["column 0", "column 1"]),
        ({"perception": "sobel", "perturbation": "mutation"}, ["cell 0,2"]),
        ({"rng_seed": 1}, ["title"]),
        ({"model": "gan"}, []),
    ],
)
def test_a_deviation_is_marked_where_it_holds(placed, where, places):
    assert placed(where) == places


def test_a_deviation_says_what_the_paper_has_what_runs_and_why(plan):
    found = footnotes.Deviations(plan.suite, table=plan.suite.tables[0], entries=plan.entries)
    assert found.on_title() == [
        "Deviation. Paper: LPIPS (AlexNet). Here: ST-LPIPS (AlexNet). "
        "Why: no LPIPS weights here. Source: decision 25.",
        "Deviation. Paper: 100,000 iterations. Here: 20 iterations. Why: a smoke test.",
    ]


def test_failures_and_warnings_of_a_cell_become_footnotes():
    cell = Cell(
        reasons=(("OOM", "too big"),), warnings=("fell back",), outcomes={"undefined": 1}
    )
    assert footnotes.of_cell(cell) == [
        footnotes.NO_VALUE,
        "OOM: too big",
        "Warning: fell back",
    ]


def test_a_verdict_tells_its_reason_and_that_single_runs_spread_as_far():
    assert footnotes.of_verdict(Verdict(word="reproduced")) == []
    found = Verdict(word="not comparable", reason="preset 'smoke'")
    assert footnotes.of_verdict(found) == ["Not comparable: preset 'smoke'."]
    apart = Verdict(word="differs", within_spread=True)
    assert footnotes.of_verdict(apart) == [footnotes.WITHIN_SPREAD]


@pytest.mark.parametrize(
    ("metric", "note"),
    [
        ("LPIPS", "Deviation. Margin 0.05 instead of the greater of 0.01 and 15 %."),
        ("MSE", "Deviation. Margin 0.05, and none is usual for MSE."),
        ("time", "Deviation. Margin 5 % instead of 20 %."),
    ],
)
def test_a_margin_of_the_suites_own_is_a_deviation(metric, note):
    column = Column(label="x", value="a/b", margin=0.05)
    dash, cell = Printed(text="-", metric="x"), Printed(text="0.1", metric=metric)
    assert footnotes.of_margin(column, [dash, cell]) == [note]
    assert footnotes.of_margin(Column(label="x", value="a/b"), [cell]) == []
