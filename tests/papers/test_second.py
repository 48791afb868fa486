"""Two readers transcribed every table without seeing each other's work; they must agree.

The second reader worked column by column. Where a layout differs, it is turned here; a cell
that spans columns stands once in the ledger, and in each of them with the second reader.
"""

from pathlib import Path

import pytest

from ncabench.papers import ledger

SECOND = Path(__file__).parent / "second"
TABLES = [(paper, number) for paper in ledger.papers() for number in ledger.load(paper).tables]


def second(paper):
    """The columns of each table as the second reader wrote them."""
    tables = {}
    for line in (SECOND / f"{paper}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(("table ", "section ")):
            columns = tables.setdefault(line.removeprefix("table ").strip(), [])
        elif line.startswith("label:"):
            columns.append([])
        elif line.strip() and not line.startswith("#"):
            columns[-1].append(line.strip())
    return tables


def first(paper, number):
    """The columns of a table of the ledger; a full stop where it leaves a cell empty."""
    table = ledger.load(paper).one(number)
    columns = []
    for column in table.columns:
        cells = [table.cells[row].get(column) for row in table.rows]
        columns.append([cell.text if cell else "." for cell in cells])
    if (paper, number) == ("vitca", "1"):  # printed as two blocks of three data sets
        return [above + below for above, below in zip(columns[:12], columns[12:], strict=True)]
    if (paper, number) == ("cells2pixels", "1"):  # a row there is one of our columns
        return [list(row) for row in zip(*columns, strict=True)]
    return columns


@pytest.mark.parametrize(("paper", "number"), TABLES, ids="/".join)
def test_every_cell_reads_the_same_to_both_readers(paper, number):
    assert first(paper, number) == second(paper)[number]


@pytest.mark.parametrize("paper", ledger.papers())
def test_both_readers_found_the_same_tables(paper):
    assert list(second(paper)) == list(ledger.load(paper).tables)
