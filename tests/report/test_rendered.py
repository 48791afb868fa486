import pytest

from ncabench.papers.ledger import Printed
from ncabench.report.cells import Cell
from ncabench.report.rendered import measured, number


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(values=(0.1, 0.2, 0.3), planned=3), "0.200 ± 0.100 (n=3)"),
        (Cell(values=(0.1234,), planned=1), "0.123 (n=1)"),
        (
            Cell(values=(0.1, 0.3), planned=3, outcomes={"diverged": 1}),
            "0.200 ± 0.141 (2/3 seeds; 1 diverged)",
        ),
        (Cell(values=(0.1,), planned=2, missing=1), "0.100 (1/2 seeds; 1 not run)"),
        (Cell(planned=2, outcomes={"OOM": 2}), "OOM"),
        (
            Cell(planned=3, outcomes={"timeout": 1, "crashed": 1}, missing=1),
            "crashed (1/3), timeout (1/3), not run (1/3)",
        ),
        (Cell(planned=3, missing=3), "not run"),
        (Cell(), "not planned"),
        (Cell(planned=2, outcomes={"undefined": 2}), "\u2013"),
    ],
)
def test_a_cell_says_its_mean_its_spread_and_what_is_lacking(cell, text):
    assert measured(cell, decimals=3) == text


def test_a_count_that_all_seeds_share_has_neither_spread_nor_n():
    assert measured(Cell(values=(8096.0,) * 3, planned=3), decimals=0, exact=True) == "8,096"


def test_a_count_that_seeds_do_not_share_shows_it():
    text = measured(Cell(values=(1.0, 3.0), planned=2), decimals=0, exact=True)
    assert text == "2 ± 1 (n=2)"


def test_a_negative_recovery_keeps_its_sign():
    assert (number(-196.184, decimals=2), number(-0.001, decimals=2)) == ("-196.18", "0.00")


def test_one_seed_has_no_standard_deviation():
    cell = Cell(values=(0.5,), planned=1, printed=Printed(text="0.5", metric="any"))
    assert (cell.mean, cell.sd, cell.n) == (0.5, None, 1)
