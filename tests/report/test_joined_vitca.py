"""Every printed cell of ViTCA stands beside a value of some suite, in the preset paper."""

from pathlib import Path

from ncabench.papers import ledger
from ncabench.plan import planner
from ncabench.suite import document

SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.toml"))


def printed():
    book = ledger.load("vitca")
    return {
        (number, row, column)
        for number, rows in book.cells.items()
        for row, cells in rows.items()
        for column in cells
    }


def joined():
    found = set()
    for path in SUITES:
        made = planner.make(document.load(path))
        if made.suite.paper != "vitca":
            continue
        for table in made.suite.tables:
            found |= {
                (table.paper_table, row.printed, column.printed)
                for row in table.rows
                for column in table.columns
                if row.printed and column.printed
            }
    return found


def test_every_printed_cell_is_joined_and_nothing_else():
    assert joined() == printed()
