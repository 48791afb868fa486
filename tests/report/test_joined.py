"""Every number that NCAtorch prints stands beside a value of some suite, or is listed here."""

from functools import cache
from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import counts, planner
from ncabench.report import judged
from ncabench.report.cells import matching
from ncabench.suite import document

SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.toml"))
BOOK = ledger.load("ncatorch")
CELLS = [
    (number, row, column)
    for number, rows in BOOK.cells.items()
    for row, cells in rows.items()
    for column in cells
]
SETTINGS = {("2", "grid")}  # what is set and not measured; checked below
OWED = {"section A.5": "grow_mnist"}  # by a suite that need not be here
WITHOUT_DATA = {"mnist_classification": "short"}  # the same models, of digits that ship
NEAREST = {  # printed counts that no reading of the code has, and the nearest there is
    ("1", "deformable3x3"): (27_000, 28_026),
    ("1", "conv5x5"): (51_000, 49_856),
}


@cache
def plan_of(path, preset="paper"):
    return planner.make(document.load(path, preset=preset))


@cache
def joined():
    """Suites by the printed cell that a value of theirs stands beside."""
    found = {}
    for path in SUITES:
        plan = plan_of(path)
        suite = plan.suite
        for table in suite.tables if suite.paper == "ncatorch" else ():
            for row in table.rows:
                for column in table.columns:
                    cell = judged.printed_cell(suite, table, row=row, column=column)
                    if cell is None:
                        continue
                    assert matching(plan.entries, row=row, column=column), (path.stem, row)
                    place = (table.paper_table, row.printed, column.printed)
                    found.setdefault(place, set()).add(path.stem)
    return found


@pytest.mark.parametrize("cell", CELLS, ids="/".join)
def test_a_printed_cell_stands_beside_a_measured_one(cell):
    number, _, column = cell
    if number in OWED and OWED[number] not in {path.stem for path in SUITES}:
        pytest.skip(f"no suites/{OWED[number]}.toml")
    assert (cell in joined()) is ((number, column) not in SETTINGS)


def test_the_grids_of_table_2_are_those_of_its_suite():
    suite = plan_of(next(one for one in SUITES if one.stem == "scalability")).suite
    halvings = suite.components["model"]["latent"]["autoencoder"]["halvings"]
    [table] = [one for one in suite.tables if one.id == "table_2"]
    for row in table.rows:
        px = suite.components["task"][row.where["task"]]["size_px"]
        cells = px // 2**halvings if row.printed.startswith("latent") else px
        assert BOOK.printed("2", row.printed, "grid").text == f"{cells}x{cells}"


@cache
def counted(name):
    """The weights of each joined row of a suite, by table and printed row."""
    preset = WITHOUT_DATA.get(name, "paper")
    plan = plan_of(next(one for one in SUITES if one.stem == name), preset)
    numbers, found = counts.count(plan, root=None), {}
    for table in plan.suite.tables:
        for row in table.rows:
            for column in (one for one in table.columns if one.printed == "parameters"):
                entries = matching(plan.entries, row=row, column=column)
                if row.printed:
                    key = (table.paper_table, row.printed)
                    found.setdefault(key, set()).update(numbers[one.id] for one in entries)
    return found


@pytest.mark.parametrize(
    ("number", "row", "name"),
    sorted(
        (number, row, name)
        for (number, row, column), names in joined().items()
        for name in names
        if column == "parameters" and name != "smoke"
    ),
)
def test_a_model_has_the_printed_number_of_weights_or_the_nearest(number, row, name):
    [weights] = counted(name)[number, row]
    printed = BOOK.printed(number, row, "parameters")
    if (number, row) in NEAREST:
        assert (printed.value, weights) == NEAREST[number, row]
        assert deviates(name, weights)
        return
    assert printed.interval.low <= weights <= printed.interval.high


def deviates(name, weights):
    suite = plan_of(next(one for one in SUITES if one.stem == name)).suite
    return any(f"{weights:,} parameters" in one.here for one in suite.deviations)
