import csv
from importlib import resources

import pytest

from ncabench.errors import SuiteError
from ncabench.papers import ledger
from ncabench.papers.ledger import Printed


@pytest.mark.parametrize(
    ("text", "value", "half_unit"),
    [
        ("0.152", 0.152, 0.0005),
        ("100", 100.0, 0.5),
        ("-196.18", -196.18, 0.005),
        ("8k", 8000.0, 500.0),
        ("1.5M", 1.5e6, 5e4),
        ("2,768,772", 2768772.0, 0.5),
        ("-", None, None),
        ("OOM", None, None),
    ],
)
def test_a_printed_string_has_a_value_and_a_rounding(text, value, half_unit):
    cell = Printed(text=text, metric="any")
    assert (cell.value, cell.half_unit) == (value, half_unit)


@pytest.mark.parametrize("paper", ledger.papers())
def test_every_ledger_has_the_schema_and_no_cell_twice(paper):
    text = (resources.files("ncabench.papers") / f"{paper}.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    keys = [(line["table"], line["row"], line["column"]) for line in lines]
    assert tuple(lines[0]) == ledger.COLUMNS
    assert len(set(keys)) == len(keys)
    assert all(all(line[name] for name in set(ledger.COLUMNS) - {"unit"}) for line in lines)
    assert {(line["paper"], line["version"]) for line in lines} == {
        (paper, ledger.load(paper).version)
    }


def test_table_1_has_twelve_rows_of_nine_cells_in_the_papers_order():
    rows = ledger.load("ncatorch").cells["1"]
    first, last = list(rows)[:4], list(rows)[-3:]
    assert first == ["sobel", "conv3x3", "unet_25k", "gan_25k"]
    assert last == ["gan_69k", "combined", "attention3x3"]
    assert (len(rows), {len(row) for row in rows.values()}) == (12, {9})


def test_the_combined_perception_has_the_papers_best_row():
    row = ledger.load("ncatorch").cells["1"]["combined"]
    texts = " ".join(cell.text for cell in row.values())
    assert texts == "0.003 0.001 0.005 98.32 0.003 0.001 0.003 99.64 71k"


def test_the_sums_of_table_1s_columns_are_those_of_the_paper():
    rows = ledger.load("ncatorch").cells["1"].values()
    sums = {
        column: round(sum(row[column].value or 0.0 for row in rows), 3)
        for column in ("damage/stage_1", "damage/stage_3", "mutation/recovery", "parameters")
    }
    assert sums == {
        "damage/stage_1": 0.301,
        "damage/stage_3": 0.569,
        "mutation/recovery": 1180.01,
        "parameters": 536000.0,
    }


def test_table_5_prints_the_pools_recoveries():
    book = ledger.load("ncatorch")
    texts = [
        book.printed("5", row, f"{what}/recovery").text
        for row in ("without_sp", "with_sp")
        for what in ("damage", "mutation")
    ]
    assert texts == ["-196.18", "-125.05", "58.74", "95.75"]


def test_a_dash_is_a_printed_cell_without_a_value():
    cell = ledger.load("ncatorch").printed("1", "unet_25k", "damage/stage_1")
    assert (cell.text, cell.value, cell.metric) == ("-", None, "LPIPS")


def test_a_cell_that_the_table_leaves_empty_is_none():
    cells = {"9": {"a": {"x": Printed(text="1", metric="m")}, "b": {}}}
    book = ledger.Ledger(paper="any", version="1", cells=cells)
    assert book.printed("9", "b", "x") is None


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            ("7", "sobel", "parameters"),
            "papers.ncatorch: no table is called '7'\n  accepted: 1, 5",
        ),
        (
            ("5", "with_ps", "damage/recovery"),
            "papers.ncatorch.5: no row is called 'with_ps'\n"
            "  accepted: with_sp, without_sp\n  did you mean 'with_sp'?",
        ),
        (
            ("5", "with_sp", "damage/recovry"),
            "papers.ncatorch.5: no column is called 'damage/recovry'\n"
            "  accepted: damage/recovery, mutation/recovery\n"
            "  did you mean 'damage/recovery'?",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(key, message):
    with pytest.raises(SuiteError) as caught:
        ledger.load("ncatorch").printed(*key)
    assert str(caught.value) == message


def test_an_unknown_paper_is_named_with_the_nearest():
    with pytest.raises(SuiteError) as caught:
        ledger.load("ncatroch")
    assert str(caught.value).startswith("paper: no paper is called 'ncatroch'\n  accepted: ")
    assert str(caught.value).endswith("did you mean 'ncatorch'?")
